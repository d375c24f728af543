"""Label distributions of several methods beside each other, class by class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from annotation.views.drawing.figures import decimal, interval


class BadDistribution(ValueError):
    """Shares that do not make a distribution over the classes."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """One distribution over the classes, or the reason why there is none."""

    name: str
    """Short, a column's head: `θ opinion`."""
    meaning: str = ""
    """What a share of this method says, in a line."""
    shares: Sequence[float] | None = None
    """One share a class, adding up to 1."""
    intervals: Sequence[tuple[float, float]] | None = None
    n: str = ""
    """What it rests on, with its word: `5 ratings`, `n_eff 3.8`."""
    reason: str = ""
    """Why it is undefined, in a sentence."""
    primary: bool = False
    """Drawn in the accent; the others are beside it for comparison."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One class under one method. Positions in per cent of the cell."""

    method: str
    defined: bool
    width: float
    share: str
    interval: str
    low: float
    high: float
    leads: bool
    ties: bool
    """Leads together with another class."""
    primary: bool


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """One class with its cell under every method."""

    label: str
    cells: tuple[Cell, ...]
    leads: bool
    """Leads under the first method."""


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """What `components/distribution.html` draws."""

    methods: tuple[Method, ...]
    rows: tuple[ClassRow, ...]
    undefined: tuple[Method, ...]


def distribution(classes: Sequence[str], methods: Sequence[Method]) -> Distribution:
    """Lay out the methods' shares; raises BadDistribution where shares and classes do not fit."""
    for method in methods:
        _check(classes, method)
    columns = [_column(method, len(classes)) for method in methods]
    rows = [
        ClassRow(label=label, cells=cells, leads=bool(cells) and cells[0].leads)
        for label, *rest in zip(classes, *columns, strict=True)
        for cells in [tuple(rest)]
    ]
    undefined = tuple(method for method in methods if method.shares is None)
    return Distribution(methods=tuple(methods), rows=tuple(rows), undefined=undefined)


def _check(classes: Sequence[str], method: Method) -> None:
    if method.shares is None:
        if not method.reason:
            raise BadDistribution(f"“{method.name}” has no shares and no reason: say why it is undefined.")
        return
    if len(method.shares) != len(classes):
        raise BadDistribution(f"“{method.name}” has {len(method.shares)} shares for {len(classes)} classes.")
    if not all(math.isfinite(share) and -1e-9 <= share <= 1 + 1e-9 for share in method.shares):
        raise BadDistribution(f"“{method.name}” has a share outside 0 to 1.")
    if abs(sum(method.shares) - 1) > 1e-3:
        raise BadDistribution(f"The shares of “{method.name}” add up to {sum(method.shares):.4f}, not to 1.")
    if method.intervals is not None and len(method.intervals) != len(classes):
        raise BadDistribution(f"“{method.name}” has {len(method.intervals)} intervals for {len(classes)} classes.")


def _column(method: Method, size: int) -> list[Cell]:
    if method.shares is None:
        return [_cell(method, None, None, leads=False, ties=False)] * size
    top = max(method.shares)
    leaders = [abs(share - top) < 1e-9 for share in method.shares]
    intervals: Sequence[tuple[float, float] | None] = method.intervals or [None] * size
    return [
        _cell(method, share, bounds, leads=leads, ties=leads and sum(leaders) > 1)
        for share, bounds, leads in zip(method.shares, intervals, leaders, strict=True)
    ]


def _cell(method: Method, share: float | None, bounds: tuple[float, float] | None, *, leads: bool, ties: bool) -> Cell:
    low, high = bounds or (0.0, 0.0)
    return Cell(
        method=method.name,
        defined=share is not None,
        width=0.0 if share is None else round(100 * min(1.0, max(0.0, share)), 3),
        share="" if share is None else decimal(max(0.0, share)),
        interval="" if bounds is None else interval(low, high),
        low=round(100 * low, 3),
        high=round(100 * high, 3),
        leads=leads,
        ties=ties,
        primary=method.primary,
    )
