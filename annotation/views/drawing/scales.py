"""From values to percentages of a plot's width, and where its ticks go."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from annotation.views.drawing.figures import decimal, significant


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A mark on an axis."""

    x: float
    """Per cent of the plot's width."""
    label: str


class EmptyScale(ValueError):
    """A scale without length cannot place anything."""


@dataclass(frozen=True, kw_only=True)
class LinearScale:
    """Maps low..high to 0..100 per cent; values outside stop at the edge."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise EmptyScale(f"A scale needs low < high, and got {self.low} to {self.high}.")

    def x(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 3)


@dataclass(frozen=True, kw_only=True)
class LogScale:
    """Maps low..high (both > 0) to 0..100 per cent of their logarithms; values outside stop at the edge."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high:
            raise EmptyScale(f"A logarithmic scale needs 0 < low < high, and got {self.low} to {self.high}.")

    def x(self, value: float) -> float:
        if value <= self.low:
            return 0.0
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(100 * min(1.0, share), 3)


def linear_ticks(scale: LinearScale, about: int = 5) -> tuple[Tick, ...]:
    """Ticks at multiples of 1, 2, 2.5 or 5 times a power of ten, about `about` of them."""
    step = nice_step((scale.high - scale.low) / about)
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    places = _places(step)
    values = [k * step for k in range(first, last + 1)]
    return tuple(Tick(x=scale.x(value), label=decimal(value, places)) for value in values)


def log_ticks(scale: LogScale, most: int = 7) -> tuple[Tick, ...]:
    """Ticks at 1-2-5 times powers of ten where that is at most `most` of them, else at powers of ten, thinned."""
    first, last = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
    for multiples in ((1, 2, 5), (1,)):
        values = [m * 10.0**power for power in range(first, last + 1) for m in multiples]
        inside = [value for value in values if scale.low * (1 - 1e-9) <= value <= scale.high * (1 + 1e-9)]
        if len(inside) <= most:
            break
    thin = math.ceil(len(inside) / most)
    return tuple(Tick(x=scale.x(value), label=significant(value)) for value in inside[::thin])


def nice_step(rough: float) -> float:
    """The smallest of 1, 2, 2.5, 5 or 10 times a power of ten that is not below `rough` (> 0)."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * (1 - 1e-9))


def span(values: Sequence[float], *, around: tuple[float, float]) -> tuple[float, float]:
    """The smallest range with nice ends that holds `around` and all `values`."""
    low, high = min([around[0], *values]), max([around[1], *values])
    step = nice_step((high - low) / 5)
    floor = low if low == around[0] else math.floor(low / step + 1e-9) * step
    ceiling = high if high == around[1] else math.ceil(high / step - 1e-9) * step
    return round(floor, 12), round(ceiling, 12)


def _places(step: float) -> int:
    for places in range(10):
        if abs(round(step, places) - step) < step * 1e-6:
            return places
    return 10
