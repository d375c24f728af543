"""Pairs of answers to the same unit: all that agreement is made of.

A rating with n partners in its unit pairs with each at weight 1/n, so that every rating counts once in all. Among all
raters of a unit with m ratings n is m - 1, as in Krippendorff's coincidences; between groups (`group`), n is the number
of ratings from other groups.
"""

from dataclasses import dataclass

import numpy as np

from annotation.science.table import MISSING
from annotation.science.types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class RatedPairs:
    """P pairs, each listed once, and the R ratings that are in any."""

    n_units: int
    n_values: int
    unit: IntArray
    """(P,)"""
    first: IntArray
    second: IntArray
    """(P,): the two answers, as positions among the values."""
    weight: FloatArray
    """(P,): 1/n of the one rating and 1/n of the other."""
    rated_unit: IntArray
    rated_value: IntArray
    """(R,)"""

    @property
    def n_pairable(self) -> int:
        """Units that hold a pair."""
        return len(np.unique(self.rated_unit))


def rated_pairs(codes: IntArray, n_values: int, group: IntArray | None = None) -> RatedPairs:
    """`codes` (units, raters): positions among the values, -1 missing. `group` (raters,): pairs within one are out."""
    packed, owner = _packed(codes, group)
    rated = packed != MISSING
    if group is None:
        partners = rated.sum(axis=1, keepdims=True) - 1 + np.zeros_like(packed)
    else:
        same = (owner[:, :, None] == owner[:, None, :]) & rated[:, None, :]
        partners = rated.sum(axis=1, keepdims=True) - same.sum(axis=2)
    rated &= partners > 0
    share = np.divide(1.0, partners, out=np.zeros(packed.shape), where=rated)
    at, first, second = _places(rated, None if group is None else owner)
    unit, column = np.nonzero(rated)
    return RatedPairs(
        n_units=len(codes),
        n_values=n_values,
        unit=at,
        first=packed[at, first],
        second=packed[at, second],
        weight=share[at, first] + share[at, second],
        rated_unit=unit,
        rated_value=packed[unit, column],
    )


def _packed(codes: IntArray, group: IntArray | None) -> tuple[IntArray, IntArray]:
    """Each unit's ratings moved to the front, and the group of each: few columns however many raters there are."""
    missing = codes == MISSING
    width = int((~missing).sum(axis=1).max(initial=0))
    order = np.argsort(missing, axis=1, kind="stable")[:, :width]
    owner = np.zeros(codes.shape[1], dtype=np.int64) if group is None else group
    return np.take_along_axis(codes, order, axis=1), owner[order]


def _places(rated: np.ndarray, owner: IntArray | None) -> tuple[IntArray, IntArray, IntArray]:
    """(P,) each: the unit of every pair, and its two columns."""
    found: list[tuple[IntArray, IntArray, IntArray]] = [(np.zeros(0, np.int64),) * 3]
    for j in range(rated.shape[1]):
        for k in range(j + 1, rated.shape[1]):
            both = rated[:, j] & rated[:, k]
            if owner is not None:
                both &= owner[:, j] != owner[:, k]
            at = np.flatnonzero(both)
            found.append((at, np.full(len(at), j), np.full(len(at), k)))
    unit, first, second = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return unit, first, second
