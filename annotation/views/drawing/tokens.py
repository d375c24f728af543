"""From the tokens of a tried text to pieces that are drawn: each with its activation, shaded by it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.views.drawing.figures import significant
from annotation.views.drawing.segments import BadTokens, level_of

SIGNS = {" ": "␣", "\n": "⏎", "\t": "⇥"}
"""White space at the border of a token that would else not be seen."""
CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127) if chr(code) not in SIGNS} | {0x2400: "\\x00"}
"""Control characters, which a vocabulary of bytes has, as a programmer writes them; NUL is stored as its picture."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of the text drawn in one way. Pieces joined in order give the text back."""

    text: str
    level: int
    """0 (silent) to LEVELS (strongest)."""
    activation: str
    """Written out where it fires, else empty."""
    sink: bool = False
    """Left out as an attention sink."""
    first: bool = False
    """The first that fires: where the keyboard begins."""

    @property
    def blank(self) -> bool:
        return self.level > 0 and not self.text.strip()


def pieces(text: str, tokens: Sequence[Mapping[str, Any]], scale: float) -> tuple[Piece, ...]:
    """Cut `text` at its tokens {start, end, activation}, in order; silent neighbours become one piece.

    activation: None where the token was left out. Several tokens may share one character, an emoji: the strongest
    shades it. `scale` is the activation drawn strongest. Raises BadTokens where a token lies outside the text.
    """
    drawn: list[Piece] = []
    for start, end, activation in _spans(len(text), tokens):
        level = level_of(activation, scale) if activation else 0
        written = significant(activation) if activation else ""
        if not level and activation is not None and drawn and not drawn[-1].level and not drawn[-1].sink:
            drawn[-1] = _silent(drawn[-1].text + text[start:end])
            continue
        first = level > 0 and not any(piece.level for piece in drawn)
        before, word, after = _without_border(text[start:end]) if level else ("", text[start:end], "")
        drawn += [_silent(before)] if before else []
        drawn.append(Piece(text=word, level=level, activation=written, sink=activation is None, first=first))
        drawn += [_silent(after)] if after else []
    return tuple(drawn)


def _silent(text: str) -> Piece:
    return Piece(text=text, level=0, activation="")


def _without_border(text: str) -> tuple[str, str, str]:
    """White space before, the word, white space after: only the word is shaded. White space alone is its own word."""
    word = text.strip()
    return text.partition(word) if word else ("", text, "")


def _spans(length: int, tokens: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, int, float | None]]:
    """(start, end, activation) that cover the text without gap or overlap; 0 between tokens."""
    merged: list[tuple[int, int, float | None]] = []
    for token in tokens:
        start, end, activation = int(token["start"]), int(token["end"]), token["activation"]
        if not 0 <= start <= end <= length:
            raise BadTokens(f"A token spans {start} to {end}, and the text has {length} characters.")
        at = merged[-1][1] if merged else 0
        if start < at and merged:
            low, high, before = merged[-1]
            merged[-1] = (low, max(high, end), _stronger(before, activation))
            continue
        if start > at:
            merged.append((at, start, 0.0))
        if end > start:
            merged.append((start, end, activation))
    yield from merged
    at = merged[-1][1] if merged else 0
    if at < length:
        yield at, length, 0.0


def _stronger(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else max(one, other)


def readable_token(token: str) -> str:
    """A token of the vocabulary with the white space at its borders made visible; `(empty)` where it has nothing."""
    if not token:
        return "(empty)"
    token = token.translate(CONTROLS)
    inner = token.strip(" \n\t")
    if not inner:
        return "".join(SIGNS[sign] for sign in token)
    before, _, after = token.partition(inner)
    return "".join(SIGNS[sign] for sign in before) + inner + "".join(SIGNS[sign] for sign in after)
