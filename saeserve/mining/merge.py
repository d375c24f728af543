"""Tallies of disjoint documents joined into one."""

from collections.abc import Sequence
from dataclasses import fields
from functools import reduce
from typing import TypeVar

import numpy as np

from saeserve.mining.keep import Limits, drawn, pooled, strongest
from saeserve.mining.tally import Candidates, Counts, Pool, Tally

T = TypeVar("T", Candidates, Pool)


def merge(tallies: Sequence[Tally], limits: Limits) -> Tally:
    """One tally of at least one. Order and grouping do not matter: merging merged ones gives the same."""
    top = strongest(_join([tally.top for tally in tallies]), limits.top)
    held = drawn(_join([tally.held for tally in tallies]), limits.held)
    return Tally(
        counts=reduce(_add, [tally.counts for tally in tallies]),
        top=top,
        sample=drawn(_join([tally.sample for tally in tallies]), limits.sample),
        held=held,
        pool=pooled(_join([tally.pool for tally in tallies]), top, held),
    )


def _join(parts: Sequence[T]) -> T:
    kind = type(parts[0])
    return kind(
        **{column.name: np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(kind)}
    )


def _add(one: Counts, other: Counts) -> Counts:
    return Counts(
        firings=one.firings + other.firings,
        documents=one.documents + other.documents,
        maximum=np.maximum(one.maximum, other.maximum),
        histogram=one.histogram + other.histogram,
        totals=one.totals + other.totals,
    )
