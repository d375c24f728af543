"""How a latent's firings spread over specialties or sections: a bar each, the most firings first."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.views.drawing.figures import count, percent, significant


class BadShares(ValueError):
    """Counts that cannot be."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one bar stands for."""

    name: str
    firings: int
    lift: float
    """Density there over density everywhere."""
    tokens: int | None = None
    """Tokens seen there."""


@dataclass(frozen=True, kw_only=True)
class ShareBar:
    """One drawn bar; width in per cent of the plot."""

    name: str
    width: float
    share: str
    firings: str
    lift: str
    words: str
    """What the lift says: `twice as often as overall` in figures."""
    tokens: str


def share_bars(parts: Sequence[Part], total: int) -> tuple[ShareBar, ...]:
    """Bars for the parts of `total` firings; parts may leave some of them out, and none may exceed them."""
    if any(part.firings < 0 or part.firings > total for part in parts):
        raise BadShares(f"A part of {total} firings cannot hold more than all of them, or fewer than none.")
    return tuple(_bar(part, total) for part in parts)


def _bar(part: Part, total: int) -> ShareBar:
    share = part.firings / total if total else 0.0
    return ShareBar(
        name=part.name or "not stated",
        width=round(100 * share, 3),
        share=percent(share),
        firings=count(part.firings),
        lift=f"{significant(part.lift, 2)} ×",
        words=_words(part.lift),
        tokens="" if part.tokens is None else count(part.tokens),
    )


def _words(lift: float) -> str:
    if lift >= 1.25:
        return "more often than overall"
    return "as often as overall" if lift > 0.8 else "less often than overall"
