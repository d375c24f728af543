"""Layer 1, q: if each latent had one true class, which would it be?

    log q_ic = log prior_c + sum_j omega_ij (log pi_j[c, y_ij] + [y_ij = c] log LR_ij)

by EM, its first ten steps damped by one half. It turns genuine ambiguity into certainty, as every single-truth
posterior does, so that it must never decide alone who is asked again: see `opinion`.
"""

from dataclasses import dataclass

import numpy as np

from annotation.science.answer_table import AnswerTable
from annotation.science.clc_parameters import ClcParameters
from annotation.science.learnability import Learnability
from annotation.science.rater_model import RaterModel
from annotation.science.types import FloatArray, Item


@dataclass(frozen=True, eq=False)
class SingleTruth:
    posterior: FloatArray
    """q, (N, width); 0 on padding."""
    log_prior: FloatArray
    """(N, width); -inf on padding."""
    rater_log_likelihood: FloatArray
    """(A, width): of each answer under each class, by what is known of its rater."""
    log_likelihood: FloatArray
    """(A, width): the same, its learnability included, before its weight."""
    iterations: int
    converged: bool


def fit_single_truth(
    table: AnswerTable,
    item: Item,
    model: RaterModel,
    learnability: Learnability,
    params: ClcParameters,
) -> SingleTruth:
    """EM from the vote shares. `model` and `learnability` are left fitted to the returned beliefs."""
    posterior = table.vote_shares()
    converged, iteration = False, 0
    while True:
        log_prior = _log_prior(table, item, posterior, params)
        model.fit(posterior)
        learnability.fit(posterior)
        if converged or iteration == params.maximum_iterations:
            break
        iteration += 1
        said = model.weighted_sums()
        if learnability.scorers:
            said += table.sum_by_choice(model.weight * learnability.log_ratios)
        damping = params.damping if iteration <= params.damped_iterations else 0.0
        updated = damping * posterior + (1 - damping) * normalised(log_prior + said)
        converged = bool(np.abs(updated - posterior).max() <= params.tolerance)
        posterior = updated
    by_rater = model.log_likelihood()
    log_likelihood = by_rater + table.one_hot * learnability.log_ratios[:, None]
    return SingleTruth(posterior, log_prior, by_rater, log_likelihood, iteration, converged)


def normalised(log_scores: FloatArray) -> FloatArray:
    """Rows of exp(log_scores), each divided by its sum."""
    scores = np.exp(log_scores - log_scores.max(axis=1, keepdims=True))
    return np.asarray(scores / scores.sum(axis=1, keepdims=True), dtype=np.float64)


def _log_prior(table: AnswerTable, item: Item, posterior: FloatArray, params: ClcParameters) -> FloatArray:
    if item.kind == "open":
        return table.log_uniform()
    share = posterior.sum(axis=0) + params.class_pseudo_latents
    return np.broadcast_to(np.log(share / share.sum()), posterior.shape)
