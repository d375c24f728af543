"""What counts as one term differently written, and what never does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.codes.closeness import allowed_edits, distance, edits

SHORT = st.text("abcd", max_size=6)


def nothing_known(word: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("typed", "meant", "cost"),
    [
        ("infarction myocardial", "myocardial infarction", 0),
        ("infarction of the myocardium", "myocardium infarction", 0),
        ("Oedema", "edema", 0),
        ("sjogren syndrome", "Sjögren syndrome", 0),
        ("chestpain", "chest pain", 1),
        ("heart burn", "heartburn", 1),
        ("chest pian", "chest pain", 1),
        ("miocardial infraction", "myocardial infarction", 2),
        ("infraction myocardial", "myocardial infarction", 1),
        ("troponine", "troponin", 1),
    ],
)
def test_one_term_differently_written(typed: str, meant: str, cost: int) -> None:
    assert edits(typed, meant, nothing_known) == cost


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hypertension", "hypotension"),
        ("hyperkalemia", "hypercalcemia"),
        ("macrocytic anemia", "microcytic anemia"),
        ("intracranial", "intercranial"),
        ("appendectomy", "appendicotomy"),
        ("arthritis", "arthrosis"),
        ("ileum", "ilium"),
        ("dysphagia", "dysphasia"),
        ("symptomatic", "asymptomatic"),
        ("typical", "atypical"),
        ("type 1 diabetes", "type 2 diabetes"),
        ("I21", "I22"),
        ("left knee", "right knee"),
        ("no fever", "fever"),
        ("heart failure", "chest pain"),
        ("mass", "mask"),
        ("arm", "leg"),
    ],
)  # fmt: skip
def test_two_terms_are_never_offered_for_each_other(typed: str, meant: str) -> None:
    known = {"mass", "mask"}.__contains__
    assert edits(typed, meant, known) is None
    assert edits(meant, typed, known) is None


def test_a_real_word_is_never_taken_for_a_misspelt_one() -> None:
    assert edits("palpable mass", "palpable mask", nothing_known) == 1
    assert edits("palpable mass", "palpable mask", {"mass"}.__contains__) is None


def test_short_words_and_numbers_have_to_be_right() -> None:
    assert [allowed_edits(word) for word in ("leg", "pain", "troponin", "b12deficiency")] == [0, 1, 2, 0]


@pytest.mark.parametrize(
    ("one", "other", "cost"), [("", "abc", 3), ("ca", "ac", 1), ("kitten", "sitting", 3), ("ca", "abc", 3)]
)
def test_known_distances(one: str, other: str, cost: int) -> None:
    assert distance(one, other) == cost


@given(SHORT, SHORT)
def test_a_distance_is_symmetric_and_nought_only_for_equals(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one) <= max(len(one), len(other))
    assert (distance(one, other) == 0) == (one == other)


@given(SHORT, st.integers(0, 6), st.sampled_from("abcd"))
def test_one_letter_more_is_one_edit(word: str, at: int, letter: str) -> None:
    assert distance(word, word[:at] + letter + word[at:]) == 1
