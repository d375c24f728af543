"""A word-sized line: how a number moved."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from annotation.views.drawing.figures import significant

HEIGHT = 24
INSET = 3
"""Pixels kept free above and below, so that the last dot is not cut."""


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """A straight piece of the line; x in per cent, y in pixels."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, kw_only=True)
class Sparkline:
    """What `components/sparkline.html` draws."""

    strokes: tuple[Stroke, ...]
    last_x: float
    last_y: float
    sentence: str
    height: int = HEIGHT


class BadSparkline(ValueError):
    """A line needs finite numbers."""


def sparkline(values: Sequence[float]) -> Sparkline | None:
    """Line through `values` at equal distances, lowest at the bottom. None with fewer than two values."""
    if not all(math.isfinite(value) for value in values):
        raise BadSparkline("A sparkline holds nan or infinity: leave undefined points out.")
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    room = HEIGHT - 2 * INSET
    xs = [round(2 + 96 * place / (len(values) - 1), 3) for place in range(len(values))]
    ys = [round(HEIGHT / 2 if low == high else INSET + room * (high - value) / (high - low), 2) for value in values]
    strokes = tuple(Stroke(x1=xs[k], y1=ys[k], x2=xs[k + 1], y2=ys[k + 1]) for k in range(len(values) - 1))
    sentence = (
        f"From {significant(values[0])} to {significant(values[-1])}, "
        f"lowest {significant(low)}, highest {significant(high)}, {len(values)} points"
    )
    return Sparkline(strokes=strokes, last_x=xs[-1], last_y=ys[-1], sentence=sentence)
