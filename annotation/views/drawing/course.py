"""How an estimate moved over calibration sets or rounds: a dot with its interval each, joined by a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from annotation.views.drawing.figures import decimal
from annotation.views.drawing.forest import Estimate
from annotation.views.drawing.scales import LinearScale, linear_ticks, span

HEIGHT = 180
INSET = 10
"""Pixels kept free above and below."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """x in per cent, y in pixels."""

    x: float
    label: str
    defined: bool
    y: float
    low_y: float
    high_y: float
    has_interval: bool
    value: str


@dataclass(frozen=True, kw_only=True)
class Joint:
    """The line from a defined point to the next one, if that is defined too."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, kw_only=True)
class Level:
    """A line across at a value."""

    y: float
    label: str
    zero: bool


@dataclass(frozen=True, kw_only=True)
class Course:
    """What `components/course.html` draws."""

    points: tuple[Point, ...]
    joints: tuple[Joint, ...]
    levels: tuple[Level, ...]
    estimates: tuple[Estimate, ...]
    """For the table."""
    sentence: str
    height: int = HEIGHT


def course(estimates: Sequence[Estimate]) -> Course | None:
    """Estimates in the order of time, from the left. None without any."""
    if not estimates:
        return None
    numbers = [n for e in estimates for n in (e.value, e.low, e.high) if n is not None]
    low, high = span(numbers, around=(0.0, 1.0))
    scale = LinearScale(low=low, high=high)
    width = 88 / len(estimates)
    points = tuple(_point(e, scale, 10 + width * (at + 0.5)) for at, e in enumerate(estimates))
    return Course(
        points=points,
        joints=tuple(
            Joint(x1=one.x, y1=one.y, x2=two.x, y2=two.y)
            for one, two in pairwise(points)
            if one.defined and two.defined
        ),
        levels=tuple(
            Level(y=_y(tick.x), label=tick.label, zero=float(tick.label.replace("−", "-")) == 0)
            for tick in linear_ticks(scale)
        ),
        estimates=tuple(estimates),
        sentence=_sentence(estimates),
    )


def _point(estimate: Estimate, scale: LinearScale, x: float) -> Point:
    value = estimate.value
    has_interval = value is not None and estimate.low is not None and estimate.high is not None
    return Point(
        x=round(x, 3),
        label=estimate.label,
        defined=value is not None,
        y=0.0 if value is None else _y(scale.x(value)),
        low_y=_y(scale.x(estimate.low)) if has_interval and estimate.low is not None else 0.0,
        high_y=_y(scale.x(estimate.high)) if has_interval and estimate.high is not None else 0.0,
        has_interval=has_interval,
        value="" if value is None else decimal(value),
    )


def _y(share: float) -> float:
    """From per cent of the scale, low to high, to pixels from the top."""
    return round(HEIGHT - INSET - (HEIGHT - 2 * INSET) * share / 100, 2)


def _sentence(estimates: Sequence[Estimate]) -> str:
    defined = [estimate for estimate in estimates if estimate.value is not None]
    if not defined:
        return f"{len(estimates)} in all, none defined"
    first, last = defined[0], defined[-1]
    said = f"{decimal(first.value or 0.0)} in {first.label}"
    return said if first is last else f"from {said} to {decimal(last.value or 0.0)} in {last.label}"
