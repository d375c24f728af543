"""Krippendorff's alpha with a unit-bootstrap interval.

    alpha = 1 - D_o / D_e,  D_o = sum_ck o_ck d_ck,  D_e = sum_ck n_c n_k d_ck / (n - 1)

o_ck counts ordered pairs within units, each unit's pairs divided by its number of ratings less one; n_c = sum_k o_ck.
Krippendorff 2011, Computing Krippendorff's Alpha-Reliability.

**Which computation is published.** The value comes from the `krippendorff` package, the field's reference, so that
anybody who runs it on a release gets the same digits. Our own (`weighted_alpha`), which also drives the bootstrap, must
agree to 1e-9 or an error is raised: the interval belongs to the value beside it. Where the package would hold more than
`PACKAGE_CELLS` cells (units x values x values: too much for thousands of free concepts), ours is published alone, and
`method` says which it was.
"""

from importlib.metadata import version as package_version
from typing import cast

import krippendorff
import numpy as np

from annotation.science.agreement_undefined import undefined_at
from annotation.science.bootstrap import bootstrap_interval
from annotation.science.distance import Level, distance_matrix
from annotation.science.rated_pairs import rated_pairs
from annotation.science.table import MISSING, RatingTable
from annotation.science.types import Estimate, FloatArray, IntArray, Undefined, Value
from annotation.science.weighted_alpha import weighted_alpha

VERSION = "alpha-2"
PACKAGE_CELLS = 5_000_000
AGREE_WITHIN = 1e-9


class WitnessesDisagreeError(ArithmeticError):
    """Our alpha and the package's differ: a defect in one of them. A retry does not help."""


def alpha(
    table: RatingTable, level: Level, *, seed: int, replicates: int = 2000, distances: FloatArray | None = None
) -> Estimate | Undefined:
    """Alpha of one rubric item over the latents with at least two ratings; single ratings drop out.

    `distances` (values, values): for level "hierarchy" only, see `hierarchy.concept_distances`.
    Undefined if no latent has two ratings, if only one has, or if all those ratings are the same value.
    """
    pairable = table.n_ratings >= 2
    codes = table.codes[pairable]
    if reason := undefined_at(codes, level, distances, len(table.values)):
        return Undefined(reason)
    statistic = weighted_alpha(rated_pairs(codes, len(table.values)), table.values, level, distances)
    own = float(statistic(np.ones((1, len(codes))))[0])
    value, method = _published(codes, table.values, level, distances, own)
    return Estimate(
        value=value,
        interval=bootstrap_interval(
            len(codes), statistic, seed=seed, replicates=replicates, cluster=table.cluster_of(pairable)
        ),
        n_units=len(codes),
        n_ratings=int((codes != MISSING).sum()),
        n_raters=int((codes != MISSING).any(axis=0).sum()),
        method=method,
        level=level,
        seed=seed,
        replicates=replicates,
        version=VERSION,
    )


def _published(
    codes: IntArray, values: tuple[Value, ...], level: Level, distances: FloatArray | None, own: float
) -> tuple[float, str]:
    used = np.unique(codes[codes != MISSING])
    if len(codes) * len(used) ** 2 > PACKAGE_CELLS:
        return own, "Krippendorff's alpha, own computation"
    reference = _package_alpha(_counts(codes, used), tuple(values[k] for k in used), level, _among(distances, used))
    if abs(reference - own) > AGREE_WITHIN:
        raise WitnessesDisagreeError(
            f"Alpha ({level}) is {reference!r} by the krippendorff package and {own!r} by our own computation; "
            "neither is published. Report this with the ratings' digest."
        )
    return reference, f"Krippendorff's alpha, krippendorff {package_version('krippendorff')}"


def _counts(codes: IntArray, used: IntArray) -> IntArray:
    """(units, used values)"""
    return np.asarray((codes[:, :, None] == used[None, None, :]).sum(axis=1), dtype=np.int64)


def _among(distances: FloatArray | None, used: IntArray) -> FloatArray | None:
    return None if distances is None else np.asarray(distances)[np.ix_(used, used)]


def _package_alpha(counts: IntArray, values: tuple[Value, ...], level: Level, distances: FloatArray | None) -> float:
    if level == "interval":
        numbers = np.array(values, dtype=np.float64)
        return float(krippendorff.alpha(value_counts=counts, value_domain=numbers, level_of_measurement="interval"))
    if level in ("nominal", "ordinal"):
        return float(krippendorff.alpha(value_counts=counts, level_of_measurement=level))
    matrix = distance_matrix(values, level, distances)

    def looked_up(v1: IntArray, v2: IntArray, i1: IntArray, i2: IntArray, **_: object) -> FloatArray:
        found: FloatArray = matrix[i1, i2]
        return found

    metric = cast(krippendorff.DistanceMetric, looked_up)
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement=metric))
