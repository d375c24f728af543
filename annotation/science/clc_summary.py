"""From CLC's fitted arrays to what it says of each latent, rater and answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from annotation.science.answer_table import AnswerTable
from annotation.science.clc_parameters import ClcParameters
from annotation.science.clc_result import LatentConsensus, RaterWeight
from annotation.science.flip_rate import flip_rates
from annotation.science.rater_prior import RaterPrior
from annotation.science.single_truth import SingleTruth
from annotation.science.types import Answer, FloatArray, IntArray, Undefined


def cannot_tell_pairs(unsure: Sequence[Answer], table: AnswerTable) -> set[tuple[str, str]]:
    """(latent, rater) pairs with no other answer than "cannot tell"; `unsure`: all answers that say so."""
    silent = {(answer.latent, answer.rater) for answer in unsure}
    return silent - {(answer.latent, answer.rater) for answer in table.answers} if silent else silent


def unanswered_latents(unsure: Sequence[Answer], table: AnswerTable) -> Mapping[str, Undefined]:
    reason = Undefined('Every rater so far answered "cannot tell from these snippets".')
    silent = {answer.latent for answer in unsure} - set(table.latents)
    return MappingProxyType(dict.fromkeys(sorted(silent), reason))


def latent_consensus(
    table: AnswerTable,
    fit: SingleTruth,
    omega: FloatArray,
    theta: FloatArray,
    unsure: set[tuple[str, str]],
    params: ClcParameters,
    seed: int,
) -> tuple[LatentConsensus, ...]:
    flips = flip_rates(
        table, fit.log_prior, omega[:, None] * fit.log_likelihood, resamples=params.flip_resamples, seed=seed
    )
    n_eff = table.sum_by_latent(omega).tolist()
    weights = _weights_by_latent(table, omega)
    sites = _distinct_by_latent(table, table.institution, len(table.institutions))
    silent = Counter(latent for latent, _ in unsure)
    n_classes, entropy = table.n_classes.tolist(), _entropy(theta, table.n_classes).tolist()
    beliefs, opinions = fit.posterior.tolist(), theta.tolist()
    return tuple(
        LatentConsensus(
            latent=latent,
            classes=table.classes[i],
            q=tuple(beliefs[i][: n_classes[i]]),
            theta=tuple(opinions[i][: n_classes[i]]),
            n_eff=n_eff[i],
            flip_rate=float(flips[i]),
            entropy=entropy[i],
            n_raters=len(weights[i]),
            n_institutions=sites[i],
            cannot_tell=silent[latent],
            weights=MappingProxyType(weights[i]),
        )
        for i, latent in enumerate(table.latents)
    )


def _weights_by_latent(table: AnswerTable, omega: FloatArray) -> list[dict[str, float]]:
    """omega by rater, a dictionary a latent; a rater's readings of it added up."""
    vote = np.cumsum((np.diff(table.latent, prepend=-1) != 0) | (np.diff(table.rater, prepend=-1) != 0)) - 1
    first = np.flatnonzero(np.diff(vote, prepend=-1))
    whole = np.bincount(vote, weights=omega).tolist()
    raters = [table.raters[rater] for rater in table.rater[first].tolist()]
    ends = np.searchsorted(table.latent[first], np.arange(len(table.latents) + 1)).tolist()
    return [dict(zip(raters[a:b], whole[a:b], strict=True)) for a, b in pairwise(ends)]


def _distinct_by_latent(table: AnswerTable, of_answer: IntArray, size: int) -> list[int]:
    """(N,): how many different values of `of_answer` (A,) each latent's answers have."""
    latent = np.unique(table.latent * size + of_answer) // size
    return np.bincount(latent, minlength=len(table.latents)).tolist()


def _entropy(theta: FloatArray, n_classes: IntArray) -> FloatArray:
    """(N,): of each latent's theta, over the log of the number of its classes; 0 where there is but one."""
    held = np.where(theta > 0, theta, 1.0)
    most = np.log(np.maximum(n_classes, 2).astype(np.float64))
    entropy = -(held * np.log(held)).sum(axis=1) / most
    return np.where(n_classes > 1, np.maximum(entropy, 0.0), 0.0)


def rater_weights(
    table: AnswerTable,
    omega: FloatArray,
    priors: Mapping[str, RaterPrior],
    reliability: Mapping[str, float],
    unsure: set[tuple[str, str]],
) -> tuple[RaterWeight, ...]:
    total = np.bincount(table.rater, weights=omega, minlength=len(table.raters))
    latents = np.bincount(
        np.unique(table.rater * len(table.latents) + table.latent) // len(table.latents), minlength=len(table.raters)
    )
    weight, seen = (dict(zip(table.raters, of_rater.tolist(), strict=True)) for of_rater in (total, latents))
    silent = Counter(rater for _, rater in unsure)
    return tuple(
        RaterWeight(
            rater=rater,
            prior=prior,
            reliability=reliability.get(rater, prior.mean),
            mean_omega=weight.get(rater, 0.0) / max(1, seen.get(rater, 0)),
            n_latents=int(seen.get(rater, 0)),
            cannot_tell=silent[rater],
        )
        for rater, prior in priors.items()
    )
