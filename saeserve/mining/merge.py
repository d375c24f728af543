"""Tallies of disjoint documents joined into one."""

from collections.abc import Sequence
from dataclasses import fields
from functools import reduce
from typing import TypeVar

import numpy as np

from saeserve.mining.keep import Limits, drawn, look_alikes, pooled, strongest
from saeserve.mining.tally import Candidates, Counts, Pool, Tally
from saeserve.mining.token_draw import draw_of, join_draws

T = TypeVar("T", Candidates, Pool)


def merge(tallies: Sequence[Tally], limits: Limits) -> Tally:
    """One tally of at least one. Order and grouping do not matter: merging merged ones gives the same."""
    top = strongest(join([tally.top for tally in tallies]), limits.top)
    held = drawn(join([tally.held for tally in tallies]), limits.held)
    return Tally(
        counts=reduce(added, [tally.counts for tally in tallies]),
        top=top,
        sample=drawn(join([tally.sample for tally in tallies]), limits.sample),
        held=held,
        pool=pooled(join([tally.pool for tally in tallies]), look_alikes(top, held, limits.looks)),
        draw=draw_of(join_draws([tally.draw for tally in tallies]), limits.draw),
    )


def join(parts: Sequence[T]) -> T:
    """One after another."""
    kind = type(parts[0])
    return kind(
        **{column.name: np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(kind)}
    )


def added(one: Counts, other: Counts) -> Counts:
    sums = {column.name: getattr(one, column.name) + getattr(other, column.name) for column in fields(Counts)}
    return Counts(**{**sums, "maximum": np.maximum(one.maximum, other.maximum)})
