"""Scopes of agreement: how they are written, what they say, in which order pages list them."""

import pytest

from annotation.enums import ItemKind
from annotation.rules.scopes import Scope, asks, read_scope, scope_in_words, scope_order

STORED = [
    "all",
    "as-typed",
    "version:2",
    "round:10",
    "between-institutions",
    "institution:north",
    "specialty:Cardiology: ward",
    "calibration:1",
    "retest",
]


@pytest.mark.parametrize("text", STORED)
def test_a_stored_scope_reads_back_as_it_was_written(text: str) -> None:
    assert str(read_scope(text)) == text


@pytest.mark.parametrize("text", ["", "round", "round:", "round:two", "all:1", "hospital:north", "version:-1"])
def test_text_that_is_no_scope_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="There is no scope"):
        read_scope(text)


def test_each_scope_has_words_of_its_own() -> None:
    words = [scope_in_words(text, {}) for text in STORED]
    assert len(set(words)) == len(STORED)
    assert scope_in_words("round:10", {}) == "Round 10"


def test_pages_list_them_by_kind_and_numbers_by_size() -> None:
    shuffled = ["round:10", "institution:b", "all", "round:9", "between-institutions", "institution:a"]
    assert sorted(shuffled, key=scope_order) == [
        "all",
        "round:9",
        "round:10",
        "between-institutions",
        "institution:a",
        "institution:b",
    ]


def test_a_long_name_is_cut_to_what_a_row_can_hold() -> None:
    assert len(str(Scope(kind="specialty", which="x" * 80))) == 60


def test_only_concepts_are_compared_as_they_were_typed() -> None:
    assert asks(Scope(kind="as-typed"), ItemKind.CONCEPT)
    assert not asks(Scope(kind="as-typed"), ItemKind.ORDINAL)
    assert asks(Scope(kind="round", which="1"), ItemKind.ORDINAL)
