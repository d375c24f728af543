"""Gwet's AC1 and AC2, shown beside alpha because they do not collapse when one answer is very common.

    AC = (p_a - p_e) / (1 - p_e),  p_e = T_w / (q (q - 1)) * sum_k pi_k (1 - pi_k)

p_a: mean over latents with at least two ratings of the weighted share of agreeing pairs; pi_k: mean over all rated
latents of the share of ratings k; q: number of options; T_w: sum of the weights. Gwet 2014, Handbook of Inter-Rater
Reliability, 4th edition; incomplete data as there.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from annotation.science.agreement_undefined import undefined_at
from annotation.science.bootstrap import bootstrap_interval
from annotation.science.distance import Level, distance_matrix
from annotation.science.rated_pairs import rated_pairs
from annotation.science.table import MISSING, RatingTable
from annotation.science.types import Estimate, FloatArray, IntArray, ScienceError, Undefined, Value
from annotation.science.weighted_alpha import mean_disagreement
from annotation.science.weighted_sums import weighted_sum, weighted_sums

VERSION = "gwet-2"
Weights = Literal["identity", "linear", "quadratic", "ordinal", "sets", "hierarchy"]
WEIGHTS_AT: Mapping[Level, Weights] = {
    "nominal": "identity",
    "ordinal": "ordinal",
    "interval": "quadratic",
    "sets": "sets",
    "hierarchy": "hierarchy",
}
"""Which weights stand beside alpha at a level."""
LEVEL_OF: Mapping[Weights, Level] = {
    "identity": "nominal",
    "linear": "ordinal",
    "quadratic": "ordinal",
    "ordinal": "ordinal",
    "sets": "sets",
    "hierarchy": "hierarchy",
}


def gwet(
    table: RatingTable,
    weights: Weights = "identity",
    *,
    seed: int,
    replicates: int = 2000,
    distances: FloatArray | None = None,
) -> Estimate | Undefined:
    """AC1 (identity weights) or AC2 with a unit-bootstrap interval (all rated latents are drawn).

    q counts the table's whole domain, so give `RatingTable` the rubric's options. "sets" weighs by 1 - MASI,
    "hierarchy" by 1 - `distances`. Undefined with fewer than two latents rated twice, or where every rating is the
    same: the formula would then say 1 whatever the raters can do.
    """
    level = LEVEL_OF[weights]
    rated = table.n_ratings >= 1
    codes = table.codes[rated]
    pairable = (codes != MISSING).sum(axis=1) >= 2
    if reason := undefined_at(codes[pairable], level, distances, len(table.values)):
        return Undefined(reason)
    agreement_weights = None if weights == "identity" else weight_matrix(table.values, weights, distances)
    statistic = _Coefficient(codes, len(table.values), agreement_weights)
    return Estimate(
        value=float(statistic(np.ones((1, len(codes))))[0]),
        interval=bootstrap_interval(
            len(codes),
            statistic,
            seed=seed,
            replicates=replicates,
            n_pairable=int(pairable.sum()),
            cluster=table.cluster_of(rated),
        ),
        n_units=int(pairable.sum()),
        n_ratings=int((codes[pairable] != MISSING).sum()),
        n_raters=int((codes != MISSING).any(axis=0).sum()),
        method="Gwet's AC1" if weights == "identity" else f"Gwet's AC2, {weights} weights",
        level=level,
        seed=seed,
        replicates=replicates,
        version=VERSION,
    )


def weight_matrix(values: tuple[Value, ...], weights: Weights, distances: FloatArray | None = None) -> FloatArray:
    """(values, values): 1 on the diagonal, how nearly two answers agree elsewhere."""
    size = len(values)
    if weights in ("sets", "hierarchy"):
        return 1.0 - distance_matrix(values, "sets" if weights == "sets" else "hierarchy", distances)
    if weights == "identity":
        return np.eye(size)
    if weights == "ordinal":
        steps = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) + 1.0
        pairs = steps * (steps - 1) / 2
        return np.asarray(1.0 - pairs / (size * (size - 1) / 2), dtype=np.float64)
    if not all(isinstance(value, int | float) for value in values):
        raise ScienceError(f"{weights.capitalize()} weights need numbers as answers.")
    numbers = np.array(values, dtype=np.float64)
    apart = np.abs(numbers[:, None] - numbers[None, :]) / (numbers.max() - numbers.min())
    return np.asarray(1.0 - (apart if weights == "linear" else apart**2), dtype=np.float64)


class _Coefficient:
    """From unit weights (B, units) to B coefficients; nan where a replicate has no latent rated twice."""

    def __init__(self, codes: IntArray, size: int, weights: FloatArray | None) -> None:
        pairs = rated_pairs(codes, size)
        ratings = (codes != MISSING).sum(axis=1)
        self.pairable = (ratings >= 2).astype(np.float64)
        self.agreement = self.pairable - mean_disagreement(pairs, None if weights is None else 1.0 - weights)
        unit, rater = np.nonzero(codes != MISSING)
        self.shares = weighted_sums(unit, codes[unit, rater], 1.0 / ratings[unit], n_units=len(codes), n_columns=size)
        self.scale = (size if weights is None else float(weights.sum())) / (size * (size - 1))

    def __call__(self, unit_weights: FloatArray) -> FloatArray:
        n_pairable = weighted_sum(unit_weights, self.pairable)
        observed = np.divide(
            weighted_sum(unit_weights, self.agreement),
            n_pairable,
            out=np.full_like(n_pairable, np.nan),
            where=n_pairable > 0,
        )
        share = self.shares(unit_weights) / unit_weights.sum(axis=1, keepdims=True)
        chance = self.scale * (1.0 - np.einsum("bc,bc->b", share, share))
        return np.asarray((observed - chance) / (1 - chance), dtype=np.float64)
