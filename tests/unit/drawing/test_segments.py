"""Firing word pieces shade whole words, and the text of a snippet is never changed by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.views.drawing.segments import LEVELS, BadTokens, level_of, segments, strongest


def token(start: int, end: int, activation: float) -> dict[str, float]:
    return {"start": start, "end": end, "activation": activation}


def shaded(text: str, *tokens: dict[str, float], scale: float = 10.0) -> list[tuple[str, int]]:
    return [(part.text, part.level) for part in segments(text, tokens, scale) if part.level]


def test_a_word_of_several_pieces_is_shaded_whole_by_its_strongest_piece() -> None:
    text = "Troponin raised"
    assert shaded(text, token(0, 3, 1.0), token(3, 6, 9.5)) == [("Troponin", 5)]


def test_a_piece_that_carries_the_space_before_its_word_leaves_the_space_bare() -> None:
    assert shaded("with chest pain", token(4, 10, 6.0)) == [("chest", 3)]


def test_neighbouring_words_stay_separate_words() -> None:
    assert shaded("ST-elevation", token(0, 2, 9.0), token(3, 6, 9.0)) == [("ST", 5), ("elevation", 5)]


def test_a_number_keeps_its_decimals_and_a_name_its_apostrophe() -> None:
    assert shaded("3.42 ng", token(0, 1, 4.0)) == [("3.42", 2)]
    assert shaded("Crohn’s disease", token(0, 3, 4.0)) == [("Crohn’s", 2)]
    assert shaded("seen 2024. Next", token(5, 9, 4.0)) == [("2024", 2)]


def test_a_decomposed_accent_belongs_to_its_letter() -> None:
    assert shaded("Me\u0301nie\u0300re", token(0, 1, 4.0)) == [("Me\u0301nie\u0300re", 2)]


def test_two_tokens_on_one_character_shade_by_the_stronger() -> None:
    assert shaded("é", token(0, 1, 2.0), token(0, 1, 8.0)) == [("é", 4)]


def test_a_token_without_characters_shades_nothing() -> None:
    assert shaded("pain", token(2, 2, 9.0)) == []


def test_punctuation_and_line_breaks_fire_by_themselves() -> None:
    cut = segments("Plan:\n- rest", [token(4, 5, 3.0), token(5, 6, 9.0)], 10.0)
    assert [(part.text, part.level, part.blank) for part in cut] == [
        ("Plan", 0, False), (":", 2, False), ("\n", 5, True), ("- rest", 0, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("activation", "level"), [(-1, 0), (0, 0), (1e-9, 1), (2, 1), (2.0001, 2), (4, 2), (10, 5), (99, 5)]
)
def test_five_equal_steps_up_to_the_scale(activation: float, level: int) -> None:
    assert level_of(activation, 10.0) == level


@given(data=st.data(), text=st.text(min_size=1, max_size=60))
def test_segments_joined_give_the_text_back_and_every_firing_character_is_shaded(
    data: st.DataObject, text: str
) -> None:
    places = st.integers(0, len(text))
    tokens = [
        token(*sorted((data.draw(places), data.draw(places))), data.draw(st.floats(-1, 20)))
        for _ in range(data.draw(st.integers(0, 5)))
    ]
    cut = segments(text, tokens, 10.0)
    assert "".join(part.text for part in cut) == text
    assert [part.start for part in cut] == [sum(len(p.text) for p in cut[:k]) for k in range(len(cut))]
    assert all(0 <= part.level <= LEVELS for part in cut)
    fires = any(t["activation"] > 0 and t["end"] > t["start"] for t in tokens)
    assert any(part.level for part in cut) == fires


def test_the_strongest_words_are_named_once_each() -> None:
    text = "pain and Pain in the chest"
    cut = segments(text, [token(0, 4, 9.0), token(9, 13, 9.0), token(21, 26, 5.0)], 10.0)
    assert [(part.text, part.level) for part in strongest(cut)] == [("pain", 5), ("chest", 3)]


@pytest.mark.parametrize(
    ("tokens", "scale", "says"),
    [
        ([token(0, 9, 1.0)], 10.0, "has 4 characters"),
        ([token(3, 2, 1.0)], 10.0, "spans 3 to 2"),
        ([token(0, 1, float("nan"))], 10.0, "only finite"),
        ([token(0, 1, 1.0)], 0.0, "above 0"),
    ],
)
def test_tokens_that_do_not_fit_the_text_are_refused(tokens: list[dict[str, float]], scale: float, says: str) -> None:
    with pytest.raises(BadTokens, match=says):
        segments("pain", tokens, scale)
