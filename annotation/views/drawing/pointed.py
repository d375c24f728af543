"""The words of a snippet with those framed that rationales point at, and the letters of the opinions behind them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Protocol

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from annotation.views.drawing.segments import Segment


class Place(Protocol):
    """Characters [start, end) of the snippet, and whose they are."""

    @property
    def letter(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def pointed(cut: Sequence[Segment], places: Sequence[Place]) -> SafeString:
    """The segments in order, shaded as everywhere; what a place covers is framed, its letter stands at its end.

    Text is text: markup in it is escaped. Letters are for the eye: callers list places in words beside it.
    """
    ends: dict[int, list[str]] = defaultdict(list)
    for place in places:
        ends[place.end].append(place.letter)
    html, is_open = [], False
    for piece, framed in _pieces(cut, places):
        if framed and not is_open:
            html.append('<span class="pointed">')
        elif is_open and not framed:
            html.append("</span>")
        html.append(_drawn(piece))
        letters = sorted(set(ends.get(piece.start + len(piece.text), [])))
        if letters:
            html.append("</span>" if framed else "")
            html.append(f'<sup class="pointed-by" aria-hidden="true">{escape(" ".join(letters))}</sup>')
        is_open = framed and not letters
    return mark_safe("".join([*html, "</span>" if is_open else ""]))


def _pieces(cut: Sequence[Segment], places: Sequence[Place]) -> Iterator[tuple[Segment, bool]]:
    """Segments cut once more where a place begins or ends, and whether a place covers them."""
    borders = sorted({border for place in places for border in (place.start, place.end)})
    for segment in cut:
        end = segment.start + len(segment.text)
        stops = [segment.start, *(border for border in borders if segment.start < border < end), end]
        for low, high in pairwise(stops):
            part = Segment(
                text=segment.text[low - segment.start : high - segment.start],
                level=segment.level,
                start=low,
                blank=segment.blank,
            )
            yield part, any(place.start <= low < place.end for place in places)


def _drawn(piece: Segment) -> str:
    if not piece.level:
        return escape(piece.text)
    blank = " fire-blank" if piece.blank else ""
    return f'<mark class="fire fire-{piece.level}{blank}" data-start="{piece.start}">{escape(piece.text)}</mark>'
