"""Layer 2, theta: what would the distribution of opinions be if many such raters were asked?

    r_jc ~ theta_ic pi_j[c, y_ij] LR_ij^[c = y_ij],   theta_i = (prior_i + sum_j omega_ij r_j) / (1 + n_eff_i)

Each answer draws its own class from theta and then passes its rater's errors, so that two camps stay two camps. On
clear latents theta is less certain than q: both are stored and released.
"""

import numpy as np

from annotation.science.answer_table import AnswerTable
from annotation.science.single_truth import normalised
from annotation.science.types import FloatArray

TOLERANCE = 1e-10
MAXIMUM_ITERATIONS = 5000


def opinion_distribution(
    table: AnswerTable, log_prior: FloatArray, log_likelihood: FloatArray, weight: FloatArray, prior_weight: float
) -> FloatArray:
    """theta, (N, width), 0 on padding.

    `log_prior` (N, width), `log_likelihood` (A, width) as in SingleTruth, `weight` (A,): omega times the vote's share;
    `prior_weight`: how many raters the prior is worth.
    """
    prior = prior_weight * np.exp(log_prior)
    likelihood = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True))
    total = prior_weight + table.sum_by_latent(weight)[:, None]
    theta = normalised(log_prior + 0.0)
    for _ in range(MAXIMUM_ITERATIONS):
        drawn = theta[table.latent] * likelihood
        drawn *= (weight / drawn.sum(axis=1))[:, None]
        updated = (prior + table.sum_by_latent(drawn)) / total
        moved = float(np.abs(updated - theta).max())
        theta = updated
        if moved <= TOLERANCE:
            break
    return theta
