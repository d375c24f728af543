"""Krippendorff's alpha with a unit-bootstrap interval.

    alpha = 1 - D_o / D_e,  D_o = sum_ck o_ck d_ck,  D_e = sum_ck n_c n_k d_ck / (n - 1)

o_ck counts ordered pairs within units, each unit's pairs divided by its number of ratings less one; n_c = sum_k o_ck.
Krippendorff 2011, Computing Krippendorff's Alpha-Reliability.

**Which computation is published.** The value comes from the `krippendorff` package, the field's reference, so that
anybody who runs it on a release gets the same digits. Our own, which also drives the bootstrap, must agree to 1e-9 or
an error is raised: the interval belongs to the value beside it. Where the package would hold more than `PACKAGE_CELLS`
cells (units x values x values: too much for thousands of free concepts), ours is published alone, and `method` says
which it was.

**Why ours is fast.** No coincidence tensor is needed. At a level with fixed distances a unit contributes one number,
the disagreement among its own ratings. The ordinal distance is the squared difference of midranks,
d_ck = (x_c - x_k)^2 with x_c = n_1 + ... + n_c - n_c / 2, so that a replicate needs its midranks only.
"""

from collections.abc import Callable
from importlib.metadata import version as package_version
from typing import cast

import krippendorff
import numpy as np

from annotation.science.bootstrap import bootstrap_interval
from annotation.science.distance import Level, distance_matrix
from annotation.science.table import RatingTable
from annotation.science.types import Estimate, FloatArray, IntArray, Undefined, Value

VERSION = "alpha-1"
PACKAGE_CELLS = 5_000_000
AGREE_WITHIN = 1e-9


class WitnessesDisagreeError(ArithmeticError):
    """Our alpha and the package's differ: a defect in one of them. A retry does not help."""


def alpha(table: RatingTable, level: Level, *, seed: int, replicates: int = 2000) -> Estimate | Undefined:
    """Alpha of one rubric item over the latents with at least two ratings; single ratings drop out.

    Undefined if no latent has two ratings, if only one has, or if all those ratings are the same value.
    """
    counts = table.counts
    pairable = counts.sum(axis=1) >= 2
    counts = counts[pairable]
    if reason := undefined_reason(counts):
        return Undefined(reason)
    statistic = weighted_alpha(counts, table, level)
    own = float(statistic(np.ones((1, len(counts))))[0])
    value, method = _published(counts, table, level, own)
    return Estimate(
        value=value,
        interval=bootstrap_interval(len(counts), statistic, seed=seed, replicates=replicates),
        n_units=len(counts),
        n_ratings=int(counts.sum()),
        n_raters=int((table.codes[pairable] >= 0).any(axis=0).sum()),
        method=method,
        level=level,
        seed=seed,
        replicates=replicates,
        version=VERSION,
    )


def undefined_reason(counts: FloatArray) -> str:
    """Why no chance-corrected coefficient exists for these (units, values) counts; empty if one does."""
    if len(counts) == 0:
        return "No latent has been rated by two raters yet, so that nothing can be compared."
    if len(counts) == 1:
        return "Only one latent has been rated by two raters; agreement beyond chance needs at least two."
    if (counts.sum(axis=0) > 0).sum() < 2:
        return "Every rating is the same, so that agreement cannot be told from chance."
    return ""


def weighted_alpha(counts: FloatArray, table: RatingTable, level: Level) -> Callable[[FloatArray], FloatArray]:
    """A function from unit weights (B, units) to B alphas; nan where a replicate holds one value only.

    `counts` (units, values) must hold at least two ratings a unit.
    """
    if level == "ordinal":
        return lambda weights: _ordinal_alpha(weights, counts)
    distances = distance_matrix(table.values, level)
    ratings = counts.sum(axis=1)
    disagreement = np.einsum("uc,ck,uk->u", counts, distances, counts, optimize=True) / (ratings - 1)

    def fixed_distances(weights: FloatArray) -> FloatArray:
        totals = weights @ counts
        expected = np.einsum("bc,ck,bk->b", totals, distances, totals, optimize=True) / (totals.sum(axis=1) - 1)
        return _one_minus_ratio(weights @ disagreement, expected)

    return fixed_distances


def _ordinal_alpha(weights: FloatArray, counts: FloatArray) -> FloatArray:
    totals = weights @ counts
    midranks = np.cumsum(totals, axis=1) - totals / 2
    ratings = counts.sum(axis=1)
    sums = midranks @ counts.T
    squares = (midranks**2) @ counts.T
    observed = (weights * 2 * (ratings * squares - sums**2) / (ratings - 1)).sum(axis=1)
    n = totals.sum(axis=1)
    expected = 2 * (n * (totals * midranks**2).sum(axis=1) - (totals * midranks).sum(axis=1) ** 2) / (n - 1)
    return _one_minus_ratio(observed, np.where((totals > 0).sum(axis=1) > 1, expected, 0.0))


def _one_minus_ratio(observed: FloatArray, expected: FloatArray) -> FloatArray:
    ratio = np.divide(observed, expected, out=np.full_like(observed, np.nan), where=expected > 0)
    return 1.0 - ratio


def _published(counts: FloatArray, table: RatingTable, level: Level, own: float) -> tuple[float, str]:
    used = counts.sum(axis=0) > 0
    if len(counts) * int(used.sum()) ** 2 > PACKAGE_CELLS:
        return own, "Krippendorff's alpha, own computation"
    reference = _package_alpha(counts[:, used], tuple(v for v, u in zip(table.values, used, strict=True) if u), level)
    if abs(reference - own) > AGREE_WITHIN:
        raise WitnessesDisagreeError(
            f"Alpha ({level}) is {reference!r} by the krippendorff package and {own!r} by our own computation; "
            "neither is published. Report this with the ratings' digest."
        )
    return reference, f"Krippendorff's alpha, krippendorff {package_version('krippendorff')}"


def _package_alpha(counts: FloatArray, values: tuple[Value, ...], level: Level) -> float:
    whole = counts.astype(np.int64)
    if level == "interval":
        numbers = np.array(values, dtype=np.float64)
        return float(krippendorff.alpha(value_counts=whole, value_domain=numbers, level_of_measurement="interval"))
    if level != "sets":
        return float(krippendorff.alpha(value_counts=whole, level_of_measurement=level))
    distances = distance_matrix(values, "sets")

    def masi(v1: IntArray, v2: IntArray, i1: IntArray, i2: IntArray, **_: object) -> FloatArray:
        looked_up: FloatArray = distances[i1, i2]
        return looked_up

    return float(krippendorff.alpha(value_counts=whole, level_of_measurement=cast(krippendorff.DistanceMetric, masi)))
