"""Histogram of a latent's activations in log-spaced bins."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from annotation.views.drawing.figures import count, significant
from annotation.views.drawing.scales import LogScale, Tick, log_ticks

HEIGHT = 120
"""Pixels of the tallest bar."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bin. x and width in per cent, y and height in pixels from the top of the plot."""

    x: float
    width: float
    y: float
    height: float
    low: str
    high: str
    count: str
    empty: bool


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """What `components/histogram.html` draws."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    rug: tuple[float, ...]
    """Positions of the activation deciles, per cent."""
    total: str
    most: str
    """Firings in the tallest bin."""
    mode: str
    """The tallest bin in words, `1.5 to 2.1`."""
    height: int = HEIGHT


class BadHistogram(ValueError):
    """Edges and counts do not make a histogram."""


def histogram(edges: Sequence[float], counts: Sequence[int], deciles: Sequence[float] = ()) -> Histogram | None:
    """Bars for `counts` firings between the rising positive `edges` (one more than counts), activation units.

    Empty bins before the first and after the last firing are left out. None if nothing fired.
    """
    if len(edges) != len(counts) + 1:
        raise BadHistogram(f"{len(counts)} bins need {len(counts) + 1} edges, and there are {len(edges)}.")
    if any(low >= high for low, high in itertools.pairwise(edges)) or edges[0] <= 0:
        raise BadHistogram("The edges of a log-spaced histogram must be above 0 and rise.")
    if any(amount < 0 for amount in counts):
        raise BadHistogram("A bin cannot hold fewer than 0 firings.")
    filled = [place for place, amount in enumerate(counts) if amount]
    if not filled:
        return None
    shown = range(filled[0], filled[-1] + 1)
    scale = LogScale(low=edges[shown.start], high=edges[shown.stop])
    most = max(counts)
    bars = tuple(_bar(scale, edges[place], edges[place + 1], counts[place], most) for place in shown)
    tallest = bars[counts.index(most) - shown.start]
    return Histogram(
        bars=bars,
        ticks=log_ticks(scale),
        rug=tuple(scale.x(edge) for edge in deciles),
        total=count(sum(counts)),
        most=count(most),
        mode=f"{tallest.low} to {tallest.high}",
    )


def _bar(scale: LogScale, low: float, high: float, amount: int, most: int) -> Bar:
    """A bin of at least one firing is at least three pixels tall: rare is not never."""
    height = max(3.0, round(HEIGHT * amount / most, 2)) if amount else 0.0
    x = scale.x(low)
    return Bar(
        x=x,
        width=round(scale.x(high) - x, 3),
        y=round(HEIGHT - height, 2),
        height=height,
        low=significant(low),
        high=significant(high),
        count=count(amount),
        empty=amount == 0,
    )
