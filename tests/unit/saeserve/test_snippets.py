"""Snippets tile their document, keep whole sentences, and are of a length that a reader can judge."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saeserve.mining.snippets import MOST_WORDS, cut_snippets, text_group
from tests.unit.saeserve import tiny


@given(st.text(alphabet=st.sampled_from("ab. \n!?;,9A😀é\t"), max_size=2000))
def test_snippets_tile_any_text(text: str) -> None:
    spans = cut_snippets(text)
    assert "".join(text[span.start : span.end] for span in spans) == text
    assert spans[0].start == 0
    assert spans[-1].end == len(text)
    assert all(span.start < span.end for span in spans) or not text


@given(st.text(alphabet=st.sampled_from("ab. \n;,A"), max_size=3000))
def test_no_snippet_is_longer_than_the_most(text: str) -> None:
    assert all(len(text[span.start : span.end].split()) <= MOST_WORDS for span in cut_snippets(text))


def test_most_snippets_of_real_prose_hold_25_to_60_words() -> None:
    chance = random.Random(1)
    lengths = [
        len(text[span.start : span.end].split())
        for text in (tiny.note(chance, 40) for _ in range(50))
        for span in cut_snippets(text)
    ]
    assert sum(25 <= length <= 60 for length in lengths) > 0.95 * len(lengths)


def test_snippets_begin_and_end_at_sentences() -> None:
    text = tiny.note(random.Random(2), 40)
    for span in cut_snippets(text)[:-1]:
        assert text[span.start : span.end].rstrip().endswith((".", ":"))


@pytest.mark.parametrize("word", ["Dr.", "Mrs.", "approx.", "b.i.d.", "e.g."])
def test_abbreviations_end_no_sentence(word: str) -> None:
    text = (
        f"{'She was seen again by the team and felt well ' * 4}with {word} Smith {'and went home feeling well ' * 9}."
    )
    assert all(text[span.start : span.end].rstrip().split()[-1] != word for span in cut_snippets(text))


def test_texts_that_differ_in_numbers_or_case_are_one_group() -> None:
    assert text_group("BP 120/80, no fever.") == text_group("bp 95/60 no FEVER")
    assert text_group("no fever") != text_group("fever")
    assert text_group("12") != text_group("13")
