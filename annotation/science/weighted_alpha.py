"""Alpha of units that are weighted: one call gives all replicates of a bootstrap.

    alpha = 1 - D_o / D_e,  D_o = sum of d over the pairs of each unit,  D_e = sum_ck n_c n_k d_ck / (n - 1)

**Why it is fast.** At a level with fixed distances a unit contributes one number, the disagreement among its own
ratings. The ordinal distance depends on how often each value was drawn, d_ck = (x_c - x_k)^2 with the midranks
x_c = n_1 + ... + n_c - n_c / 2: there a unit contributes one number a pair of values that ever meet in a unit.
"""

from collections.abc import Callable, Sequence

import numpy as np

from annotation.science.distance import Level, distance_matrix
from annotation.science.rated_pairs import RatedPairs
from annotation.science.types import FloatArray, Value
from annotation.science.weighted_sums import weighted_sum, weighted_sums

Statistic = Callable[[FloatArray], FloatArray]


def weighted_alpha(
    pairs: RatedPairs, values: Sequence[Value], level: Level, distances: FloatArray | None = None
) -> Statistic:
    """A function from unit weights (B, units) to B alphas; nan where a replicate's answers are all one value."""
    totals = weighted_sums(
        pairs.rated_unit,
        pairs.rated_value,
        np.ones(len(pairs.rated_unit)),
        n_units=pairs.n_units,
        n_columns=pairs.n_values,
    )
    if level == "ordinal":
        return _ordinal(pairs, totals)
    matrix = None if level == "nominal" else distance_matrix(values, level, distances)
    own = disagreement(pairs, matrix)

    def fixed_distances(weights: FloatArray) -> FloatArray:
        drawn = totals(weights)
        return _one_minus_ratio(weighted_sum(weights, own), expected(drawn, matrix))

    return fixed_distances


def disagreement(pairs: RatedPairs, matrix: FloatArray | None) -> FloatArray:
    """(units,): weighted sum of the distances within each unit. No matrix: different answers are 1 apart."""
    apart = pairs.first != pairs.second if matrix is None else matrix[pairs.first, pairs.second]
    return np.bincount(pairs.unit, weights=pairs.weight * apart, minlength=pairs.n_units).astype(np.float64)


def mean_disagreement(pairs: RatedPairs, matrix: FloatArray | None) -> FloatArray:
    """(units,): mean distance of a unit's pairs; 0 where it has none. No matrix: share of pairs that differ."""
    weight = np.bincount(pairs.unit, weights=pairs.weight, minlength=pairs.n_units)
    return np.divide(disagreement(pairs, matrix), weight, out=np.zeros(pairs.n_units), where=weight > 0)


def expected(totals: FloatArray, matrix: FloatArray | None) -> FloatArray:
    """(B,): D_e for how often each value occurs, (B, values)."""
    n = totals.sum(axis=1)
    if matrix is None:
        apart = n**2 - np.einsum("bc,bc->b", totals, totals)
    else:
        apart = np.einsum("bc,bc->b", totals @ matrix, totals)
    return np.divide(apart, n - 1, out=np.zeros_like(n), where=n > 1)


def midranks(totals: FloatArray) -> FloatArray:
    """(..., values): the middle place of each value's ratings among all of them."""
    return np.asarray(np.cumsum(totals, axis=-1) - totals / 2, dtype=np.float64)


def _ordinal(pairs: RatedPairs, totals: Statistic) -> Statistic:
    low, high = np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)
    apart = low != high
    cells, column = np.unique(low[apart] * pairs.n_values + high[apart], return_inverse=True)
    meetings = weighted_sums(
        pairs.unit[apart], column, pairs.weight[apart], n_units=pairs.n_units, n_columns=len(cells)
    )
    below, above = np.divmod(cells, pairs.n_values)

    def moving_distances(weights: FloatArray) -> FloatArray:
        drawn = totals(weights)
        rank = midranks(drawn)
        observed = np.einsum("bp,bp->b", meetings(weights), (rank[:, above] - rank[:, below]) ** 2)
        return _one_minus_ratio(observed, _expected_of_ranks(drawn, rank))

    return moving_distances


def _expected_of_ranks(totals: FloatArray, rank: FloatArray) -> FloatArray:
    n = totals.sum(axis=1)
    spread = 2 * (n * (totals * rank**2).sum(axis=1) - (totals * rank).sum(axis=1) ** 2)
    several = (totals > 0).sum(axis=1) > 1
    return np.divide(spread, n - 1, out=np.zeros_like(n), where=several)


def _one_minus_ratio(observed: FloatArray, by_chance: FloatArray) -> FloatArray:
    ratio = np.divide(observed, by_chance, out=np.full_like(observed, np.nan), where=by_chance > 0)
    return 1.0 - ratio
