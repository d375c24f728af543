"""Layer 2, theta: what would the distribution of opinions be if many such raters were asked?

    r_jc ~ theta_ic pi_j[c, y_ij] LR_ij^[c = y_ij],   theta_i = (prior_i + sum_j omega_ij r_j) / (1 + n_eff_i)

Each answer draws its own class from theta and then passes its rater's errors, so that two camps stay two camps. On
clear latents theta is less certain than q: both are stored and released. Latents move on their own: no latent's theta
depends on when another's has settled.
"""

import numpy as np

from annotation.science.answer_table import AnswerTable
from annotation.science.single_truth import normalised
from annotation.science.types import FloatArray

TOLERANCE = 1e-10
MAXIMUM_ITERATIONS = 5000
LOOK_EVERY = 8
"""Steps after which the latents that stand still are left in peace; none waits for another."""


def opinion_distribution(
    table: AnswerTable, log_prior: FloatArray, log_likelihood: FloatArray, weight: FloatArray, prior_weight: float
) -> FloatArray:
    """theta, (N, width), 0 on padding.

    `log_prior` (N, width), `log_likelihood` (A, width) as in SingleTruth, `weight` (A,): omega times the vote's share;
    `prior_weight`: how many raters the prior is worth.
    """
    likelihood = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True))
    prior = prior_weight * np.exp(log_prior)
    theta = normalised(log_prior)
    starts = np.searchsorted(table.latent, np.arange(len(theta) + 1))
    sizes = np.diff(starts)
    for size in np.unique(sizes).tolist():
        same_size = np.flatnonzero(sizes == size)
        rows = starts[same_size][:, None] + np.arange(size)
        theta[same_size] = _settled(theta[same_size], prior[same_size], likelihood[rows], weight[rows], prior_weight)
    return theta


def _settled(
    theta: FloatArray, prior: FloatArray, likelihood: FloatArray, weight: FloatArray, prior_weight: float
) -> FloatArray:
    """Of n latents with m answers each: theta and prior (n, K), likelihood (n, m, K), weight (n, m)."""
    total = prior_weight + weight.sum(axis=1, keepdims=True)
    moving, now = np.arange(len(theta)), theta
    for step in range(1, MAXIMUM_ITERATIONS + 1):
        share = weight / np.einsum("nmk,nk->nm", likelihood, now)
        updated = (prior + now * np.einsum("nmk,nm->nk", likelihood, share)) / total
        moved = np.abs(updated - now).max(axis=1)
        now = updated
        if step % LOOK_EVERY == 0:
            theta[moving] = now
            still = moved > TOLERANCE
            if not still.any():
                return theta
            moving, now, prior, total = moving[still], now[still], prior[still], total[still]
            likelihood, weight = likelihood[still], weight[still]
    theta[moving] = now
    return theta
