"""Where in a document a latent fires: a bar for each tenth."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.views.drawing.figures import count, significant

HEIGHT = 64
"""Pixels of the tallest bar."""


class BadPositions(ValueError):
    """Counts that cannot be drawn."""


@dataclass(frozen=True, kw_only=True)
class Tenth:
    """One bar. x and width in per cent, y and height in pixels from the top of the plot."""

    x: float
    width: float
    y: float
    height: float
    name: str
    """`first tenth`, `20 to 30 %`"""
    firings: str
    tokens: str
    """Tokens seen there; empty where it is not known."""
    density: str
    """Firings of 1,000 tokens there; empty where tokens are not known."""


@dataclass(frozen=True, kw_only=True)
class Positions:
    """What `components/positions.html` draws."""

    tenths: tuple[Tenth, ...]
    total: str
    sentence: str
    """Where most of it is, for those who do not see the bars."""
    height: int = HEIGHT


def positions(firings: Sequence[int], tokens: Sequence[int] = ()) -> Positions | None:
    """Bars for firings by equal parts of the document, beginning with the first. None if nothing fired."""
    if any(amount < 0 for amount in firings):
        raise BadPositions("A part of the document cannot hold fewer than 0 firings.")
    if tokens and len(tokens) != len(firings):
        raise BadPositions(f"{len(firings)} parts came with tokens for {len(tokens)}.")
    if not sum(firings):
        return None
    most = max(firings)
    names = [f"{100 * k // len(firings)} to {100 * (k + 1) // len(firings)} %" for k in range(len(firings))]
    seen: Sequence[int | None] = tokens or [None] * len(firings)
    tenths = tuple(
        _tenth(place, amount, most, name, here, len(firings))
        for place, (amount, name, here) in enumerate(zip(firings, names, seen, strict=True))
    )
    first, tallest = tenths[0], tenths[list(firings).index(most)]
    where = "at the very beginning" if tallest is first else f"at {tallest.name} of the note"
    return Positions(tenths=tenths, total=count(sum(firings)), sentence=f"most often {where} ({tallest.firings})")


def _tenth(place: int, amount: int, most: int, name: str, tokens: int | None, parts: int) -> Tenth:
    """A part with a firing is at least three pixels tall: rare is not never."""
    height = max(3.0, round(HEIGHT * amount / most, 2)) if amount else 0.0
    width = 100 / parts
    return Tenth(
        x=round(place * width, 3),
        width=round(width, 3),
        y=round(HEIGHT - height, 2),
        height=height,
        name=name,
        firings=count(amount),
        tokens="" if tokens is None else count(tokens),
        density=significant(1000 * amount / tokens, 2) if tokens else "",
    )
