"""A tried text, token by token: nothing of it lost, every number in words, white space not shaded."""

from typing import Any

import pytest
from django.template import engines
from hypothesis import given
from hypothesis import strategies as st

from annotation.views.drawing.segments import BadTokens
from annotation.views.drawing.tokens import pieces, readable_token

TEXT = "Chest pain,\nno fever 🙂."


def token(start: int, end: int, activation: float | None = 0.0) -> dict[str, Any]:
    return {"start": start, "end": end, "activation": activation}


def test_only_the_word_is_shaded_and_silent_neighbours_are_one_piece() -> None:
    cut = pieces(TEXT, [token(0, 5), token(5, 10, 4.0), token(10, 11), token(11, 12), token(12, 14)], 8.0)
    assert [(piece.text, piece.level, piece.activation) for piece in cut] == [
        ("Chest", 0, ""),
        (" ", 0, ""),
        ("pain", 3, "4"),
        (",\nno fever 🙂.", 0, ""),
    ]


def test_the_keyboard_begins_at_the_first_that_fires() -> None:
    cut = pieces(TEXT, [token(0, 5), token(5, 10, 4.0), token(11, 14, 2.0)], 8.0)
    assert [piece.text for piece in cut if piece.first] == ["pain"]


def test_a_sink_is_marked_and_never_joined() -> None:
    cut = pieces(TEXT, [token(0, 5, None), token(5, 10)], 8.0)
    assert [(piece.text, piece.sink) for piece in cut] == [("Chest", True), (" pain,\nno fever 🙂.", False)]


def test_tokens_that_share_an_emoji_shade_it_by_the_strongest() -> None:
    at = TEXT.index("🙂")
    cut = pieces(TEXT, [token(at, at + 1, 1.0), token(at, at + 1, 7.0), token(at, at + 1, None)], 8.0)
    assert [(piece.text, piece.activation) for piece in cut if piece.level] == [("🙂", "7")]


def test_a_line_break_that_fires_is_seen() -> None:
    cut = pieces(TEXT, [token(11, 12, 8.0)], 8.0)
    assert [(piece.text, piece.blank) for piece in cut if piece.level] == [("\n", True)]


@pytest.mark.parametrize("bad", [token(0, 99), token(5, 4), token(-1, 2)])
def test_a_token_outside_the_text_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(BadTokens):
        pieces(TEXT, [bad], 8.0)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(TEXT)),
            st.integers(0, 4),
            st.one_of(st.none(), st.just(0.0), st.floats(0.01, 20.0)),
        )
    )
)
def test_the_pieces_give_the_text_back(spans: list[tuple[int, int, float | None]]) -> None:
    tokens = [token(start, min(len(TEXT), start + length), value) for start, length, value in sorted(spans, key=str)]
    tokens.sort(key=lambda one: (one["start"], one["end"]))
    assert "".join(piece.text for piece in pieces(TEXT, tokens, 8.0)) == TEXT


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        (" pain", "␣pain"),
        ("\n", "⏎"),
        ("", "(empty)"),
        ("  ", "␣␣"),
        ("a b", "a b"),
        ("ing ", "ing␣"),
        ("\t-", "⇥-"),
        ("\x15", "\\x15"),
        ("␀", "\\x00"),
    ],
)
def test_white_space_of_a_token_is_visible(written: str, seen: str) -> None:
    assert readable_token(written) == seen


def test_markup_in_a_text_is_shown_as_the_text_that_it_is() -> None:
    text = '<script>alert(1)</script> & "pain"'
    cut = pieces(text, [token(0, 8, 3.0)], 8.0)
    source = "{% load consilium %}{% tried_text cut 'Your text' %}"
    html = engines["django"].from_string(source).render({"cut": cut})
    assert "<script" not in html
    assert 'aria-label="&lt;script&gt;: 3, level 2 of 5"' in html
