"""Gwet's AC1 and AC2, shown beside alpha because they do not collapse when one answer is very common.

    AC = (p_a - p_e) / (1 - p_e),  p_e = T_w / (q (q - 1)) * sum_k pi_k (1 - pi_k)

p_a: mean over latents with at least two ratings of the weighted share of agreeing pairs; pi_k: mean over all rated
latents of the share of ratings k; q: number of options; T_w: sum of the weights. Gwet 2014, Handbook of Inter-Rater
Reliability, 4th edition; incomplete data as there.
"""

from typing import Literal

import numpy as np

from annotation.science.alpha import undefined_reason
from annotation.science.bootstrap import bootstrap_interval
from annotation.science.table import RatingTable
from annotation.science.types import Estimate, FloatArray, ScienceError, Undefined, Value

VERSION = "gwet-1"
Weights = Literal["identity", "linear", "quadratic", "ordinal"]


def gwet(
    table: RatingTable, weights: Weights = "identity", *, seed: int, replicates: int = 2000
) -> Estimate | Undefined:
    """AC1 (identity weights) or AC2 with a unit-bootstrap interval (all rated latents are drawn).

    q counts the table's whole domain, so give `RatingTable` the rubric's options. Undefined with fewer than two
    latents rated twice, or where every rating is the same: the formula would then say 1 whatever the raters can do.
    """
    counts = table.counts
    counts = counts[counts.sum(axis=1) >= 1]
    pairable = counts.sum(axis=1) >= 2
    if reason := undefined_reason(counts[pairable]):
        return Undefined(reason)
    agreement_weights = weight_matrix(table.values, weights)
    statistic = _Coefficient(counts, agreement_weights)
    return Estimate(
        value=float(statistic(np.ones((1, len(counts))))[0]),
        interval=bootstrap_interval(
            len(counts), statistic, seed=seed, replicates=replicates, n_pairable=int(pairable.sum())
        ),
        n_units=int(pairable.sum()),
        n_ratings=int(counts[pairable].sum()),
        n_raters=int((table.codes >= 0).any(axis=0).sum()),
        method="Gwet's AC1" if weights == "identity" else f"Gwet's AC2, {weights} weights",
        level="nominal" if weights == "identity" else "ordinal",
        seed=seed,
        replicates=replicates,
        version=VERSION,
    )


def weight_matrix(values: tuple[Value, ...], weights: Weights) -> FloatArray:
    """(values, values): 1 on the diagonal, how nearly two answers agree elsewhere."""
    size = len(values)
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

    def __init__(self, counts: FloatArray, weights: FloatArray) -> None:
        size = counts.shape[1]
        ratings = counts.sum(axis=1)
        pairs = ratings * (ratings - 1)
        agreeing = (counts * (counts @ weights - 1)).sum(axis=1)
        self.pairable = (ratings >= 2).astype(np.float64)
        self.agreement = np.divide(agreeing, pairs, out=np.zeros_like(pairs), where=pairs > 0)
        self.shares = counts / ratings[:, None]
        self.scale = weights.sum() / (size * (size - 1))

    def __call__(self, unit_weights: FloatArray) -> FloatArray:
        n_pairable = unit_weights @ self.pairable
        observed = np.divide(
            unit_weights @ self.agreement, n_pairable, out=np.full_like(n_pairable, np.nan), where=n_pairable > 0
        )
        share = (unit_weights @ self.shares) / unit_weights.sum(axis=1, keepdims=True)
        chance = self.scale * (share * (1 - share)).sum(axis=1)
        return np.asarray((observed - chance) / (1 - chance), dtype=np.float64)
