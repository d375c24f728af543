"""What a figure becomes with each one left out: a bar from the figure with everybody to the one without her."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.views.drawing.figures import decimal
from annotation.views.drawing.scales import LinearScale, Tick, linear_ticks, nice_step

LEAST = 0.05
"""Half the width of the scale at least: no change looks large that is not."""


@dataclass(frozen=True, kw_only=True)
class Without:
    """The figure without one rater, institution or round; None with its reason."""

    label: str
    value: float | None
    reason: str = ""
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class TornadoRow:
    """Positions in per cent."""

    label: str
    group: str
    first_of_group: bool
    defined: bool
    x: float
    """Where the figure stands without her."""
    start: float
    width: float
    up: bool
    value: str
    change: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Tornado:
    """What `components/tornado.html` draws."""

    base: float
    """Where the figure with everybody stands, per cent."""
    base_value: str
    rows: tuple[TornadoRow, ...]
    ticks: tuple[Tick, ...]


class BadTornado(ValueError):
    """A row that no reader could understand."""


def tornado(base: float, leaves: Sequence[Without]) -> Tornado:
    """Groups in the order given, within each the largest change first."""
    for leave in leaves:
        if leave.value is None and not leave.reason:
            raise BadTornado(f"“{leave.label}” has no value and no reason: say why it is undefined.")
    farthest = max([LEAST, *(abs(leave.value - base) for leave in leaves if leave.value is not None)])
    reach = nice_step(farthest)
    scale = LinearScale(low=base - reach, high=base + reach)
    groups = list(dict.fromkeys(leave.group for leave in leaves))
    ordered = sorted(leaves, key=lambda leave: (groups.index(leave.group), *_size(leave, base)))
    rows, before = [], None
    for leave in ordered:
        rows.append(_row(leave, base, scale, first=bool(leave.group) and leave.group != before))
        before = leave.group
    return Tornado(base=scale.x(base), base_value=decimal(base), rows=tuple(rows), ticks=linear_ticks(scale, 4))


def _size(leave: Without, base: float) -> tuple[float, str]:
    """Undefined ones last."""
    return (1.0 if leave.value is None else -abs(leave.value - base), leave.label)


def _row(leave: Without, base: float, scale: LinearScale, *, first: bool) -> TornadoRow:
    at = scale.x(base if leave.value is None else leave.value)
    middle = scale.x(base)
    change = 0.0 if leave.value is None else leave.value - base
    written = decimal(change)
    return TornadoRow(
        label=leave.label,
        group=leave.group,
        first_of_group=first,
        defined=leave.value is not None,
        x=at,
        start=min(at, middle),
        width=round(abs(at - middle), 3),
        up=change > 0,
        value="" if leave.value is None else decimal(leave.value),
        change="" if leave.value is None else f"+{written}" if change > 0 and written != "0.00" else written,
        reason=leave.reason,
    )
