"""From firing tokens to the shaded words of a snippet."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LEVELS = 5
"""Steps of shading; each has its own background and its own underline."""

WORD = re.compile(r"[\w\u0300-\u036f]+(?:['’](?=\w)[\w\u0300-\u036f]+|(?<=\d)[.,](?=\d)\d+)*")
"""Letters, digits and combining marks in one run; an apostrophe inside a word and a decimal point belong to it."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of the snippet drawn in one way. Segments joined in order give the text back."""

    text: str
    level: int
    """0 (silent) to LEVELS (strongest)."""
    start: int
    """First character, counted in characters from the start of the snippet."""
    blank: bool = False
    """Firing white space, for instance a line break: drawn with a visible sign."""


class BadTokens(ValueError):
    """The tokens do not lie in the text that they came with."""


def level_of(activation: float, scale: float) -> int:
    """Shading level of an activation where `scale` is the activation drawn strongest (same unit, > 0).

    Level k covers the activations in ((k - 1) / LEVELS, k / LEVELS] of the scale; everything above is LEVELS.
    """
    if not scale > 0 or not math.isfinite(scale):
        raise BadTokens(f"The shading's scale must be a number above 0, and is {scale}.")
    if not math.isfinite(activation):
        raise BadTokens(f"An activation is {activation}: only finite activations can be shaded.")
    if activation <= 0:
        return 0
    return max(1, min(LEVELS, math.ceil(LEVELS * activation / scale - 1e-9)))


def segments(text: str, tokens: Sequence[Mapping[str, Any]], scale: float) -> tuple[Segment, ...]:
    """Cut `text` into segments such that every word with a firing piece is shaded whole, by its strongest piece.

    `tokens` are {start, end, activation}, characters from the start of `text`, in any order; `scale` is the activation
    drawn strongest. A token that covers no word (punctuation, a line break) shades exactly its own characters; one
    without characters shades nothing.
    Raises BadTokens where a token lies outside the text.
    """
    levels = [0] * len(text)
    words = [match.span() for match in WORD.finditer(text)]
    for token in tokens:
        start, end = int(token["start"]), int(token["end"])
        if not 0 <= start <= end <= len(text):
            raise BadTokens(f"A token spans {start} to {end}, and the snippet has {len(text)} characters.")
        level = level_of(float(token["activation"]), scale)
        for low, high in _covered(text, words, start, end):
            levels[low:high] = [max(level, there) for there in levels[low:high]]
    return tuple(_runs(text, levels, [low for low, _ in words]))


def _covered(text: str, words: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """What a token from `start` to `end` shades: the whole words it touches, else its own visible characters."""
    if start == end:
        return []
    touched = [(low, high) for low, high in words if low < end and start < high]
    if touched:
        return touched
    inner = text[start:end].strip()
    if not inner:
        return [(start, end)]
    low = start + text[start:end].index(inner)
    return [(low, low + len(inner))]


def _runs(text: str, levels: list[int], word_starts: list[int]) -> list[Segment]:
    """Neighbouring characters of one level, cut also where a shaded word begins right after another one."""
    runs: list[Segment] = []
    begin, starts = 0, set(word_starts)
    for at in range(1, len(text) + 1):
        ends = at == len(text) or levels[at] != levels[begin] or (levels[at] > 0 and at in starts)
        if ends:
            piece = text[begin:at]
            blank = levels[begin] > 0 and not piece.strip()
            runs.append(Segment(text=piece, level=levels[begin], start=begin, blank=blank))
            begin = at
    return runs


def strongest(cut: Sequence[Segment], most: int = 3) -> tuple[Segment, ...]:
    """The `most` strongest distinct words of a snippet, for the sentence that a screen reader hears."""
    seen: dict[str, Segment] = {}
    for segment in sorted(cut, key=lambda part: -part.level):
        if segment.level and not segment.blank:
            seen.setdefault(segment.text.lower(), segment)
    return tuple(seen.values())[:most]
