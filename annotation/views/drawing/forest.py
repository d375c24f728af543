"""Forest plot: estimates with intervals on one shared scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from annotation.views.drawing.figures import count, decimal, interval
from annotation.views.drawing.scales import LinearScale, Tick, linear_ticks, span


class BadEstimate(ValueError):
    """An estimate that no reader could understand."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One row: a value with its interval and n, or the reason why there is none."""

    label: str
    n: int
    """How many units (latents, pairs, ...) it rests on."""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    """Why the value is undefined, or why the interval is, in a sentence."""
    group: str = ""
    """Rows of one group stand under one heading; keep them together."""
    unit: str = ""
    """What n counts in this row, if not what the other rows count."""

    def __post_init__(self) -> None:
        numbers = [number for number in (self.value, self.low, self.high) if number is not None]
        if not all(math.isfinite(number) for number in numbers):
            raise BadEstimate(f"“{self.label}” holds nan or infinity: pass None and the reason.")
        if self.value is None and not self.reason:
            raise BadEstimate(f"“{self.label}” has no value and no reason: say why it is undefined.")
        if (self.low is None) != (self.high is None):
            raise BadEstimate(f"“{self.label}” has half an interval.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise BadEstimate(f"“{self.label}” has an interval that ends before it begins.")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One drawn row; positions in per cent."""

    label: str
    group: str
    first_of_group: bool
    defined: bool
    x: float
    low: float
    high: float
    has_interval: bool
    clipped_low: bool
    """The interval goes on beyond the left edge."""
    clipped_high: bool
    value: str
    interval: str
    n: str
    unit: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Forest:
    """What `components/forest.html` draws."""

    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    zero: float | None
    """Where 0 stands, per cent, if it lies within."""
    mark: float | None = None
    """Where a value stands to which all are compared, per cent."""


def forest(
    estimates: Sequence[Estimate], low: float | None = None, high: float | None = None, mark: float | None = None
) -> Forest:
    """Place estimates on one scale: `low` to `high`, or 0 to 1 widened until every number fits. mark: a value to
    compare with, such as chance."""
    numbers = [n for e in estimates for n in (e.value, e.low, e.high) if n is not None]
    widest = span(numbers, around=(0.0, 1.0))
    scale = LinearScale(low=widest[0] if low is None else low, high=widest[1] if high is None else high)
    rows, before = [], None
    for estimate in estimates:
        rows.append(_row(scale, estimate, first=bool(estimate.group) and estimate.group != before))
        before = estimate.group
    zero = scale.x(0.0) if scale.low <= 0 <= scale.high else None
    return Forest(rows=tuple(rows), ticks=linear_ticks(scale), zero=zero, mark=None if mark is None else scale.x(mark))


def _row(scale: LinearScale, estimate: Estimate, *, first: bool) -> Row:
    low = estimate.value if estimate.low is None else estimate.low
    high = estimate.value if estimate.high is None else estimate.high
    has_interval = estimate.low is not None and estimate.high is not None
    return Row(
        label=estimate.label,
        group=estimate.group,
        first_of_group=first,
        defined=estimate.value is not None,
        x=0.0 if estimate.value is None else scale.x(estimate.value),
        low=0.0 if low is None else scale.x(low),
        high=0.0 if high is None else scale.x(high),
        has_interval=has_interval and estimate.value is not None,
        clipped_low=low is not None and low < scale.low,
        clipped_high=high is not None and high > scale.high,
        value="" if estimate.value is None else decimal(estimate.value),
        interval=interval(low, high) if has_interval and low is not None and high is not None else "",
        n=count(estimate.n),
        unit=estimate.unit,
        reason=estimate.reason,
    )
