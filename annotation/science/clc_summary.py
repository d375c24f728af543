"""From CLC's fitted arrays to what it says of each latent, rater and answer."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from annotation.science.answer_table import AnswerTable
from annotation.science.clc_parameters import ClcParameters
from annotation.science.clc_result import AnswerWeight, LatentConsensus, RaterWeight
from annotation.science.flip_rate import flip_rates
from annotation.science.learnability import Learnability
from annotation.science.rater_prior import RaterPrior
from annotation.science.single_truth import SingleTruth
from annotation.science.types import Answer, FloatArray, Undefined


def cannot_tell_pairs(everything: tuple[Answer, ...], table: AnswerTable) -> set[tuple[str, str]]:
    """(latent, rater) pairs with no other answer than "cannot tell"."""
    told = {(answer.latent, answer.rater) for answer in table.answers}
    return {(answer.latent, answer.rater) for answer in everything} - told


def unanswered_latents(everything: tuple[Answer, ...], table: AnswerTable) -> Mapping[str, Undefined]:
    reason = Undefined('Every rater so far answered "cannot tell from these snippets".')
    silent = {answer.latent for answer in everything} - set(table.latents)
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
    n_eff = table.sum_by_latent(omega)
    weights: list[dict[str, float]] = [defaultdict(float) for _ in table.latents]
    sites: list[set[str]] = [set() for _ in table.latents]
    for answer, i, weight in zip(table.answers, table.latent.tolist(), omega.tolist(), strict=True):
        weights[i][answer.rater] += weight
        sites[i].add(answer.institution)
    silent = Counter(latent for latent, _ in unsure)
    return tuple(
        LatentConsensus(
            latent=latent,
            classes=table.classes[i],
            q=tuple(table.distribution(i, fit.posterior[i]).values()),
            theta=tuple(table.distribution(i, theta[i]).values()),
            n_eff=float(n_eff[i]),
            flip_rate=float(flips[i]),
            entropy=_entropy(theta[i], int(table.n_classes[i])),
            n_raters=len(weights[i]),
            n_institutions=len(sites[i]),
            cannot_tell=silent[latent],
            weights=MappingProxyType(dict(weights[i])),
        )
        for i, latent in enumerate(table.latents)
    )


def _entropy(theta: FloatArray, n_classes: int) -> float:
    if n_classes < 2:
        return 0.0
    held = theta[theta > 0]
    return max(0.0, float(-(held * np.log(held)).sum() / np.log(n_classes)))


def rater_weights(
    table: AnswerTable,
    omega: FloatArray,
    priors: Mapping[str, RaterPrior],
    reliability: Mapping[str, float],
    unsure: set[tuple[str, str]],
) -> tuple[RaterWeight, ...]:
    weight: dict[str, float] = defaultdict(float)
    latents: dict[str, set[str]] = defaultdict(set)
    for answer, value in zip(table.answers, omega.tolist(), strict=True):
        weight[answer.rater] += value
        latents[answer.rater].add(answer.latent)
    silent = Counter(rater for _, rater in unsure)
    return tuple(
        RaterWeight(
            rater=rater,
            prior=prior,
            reliability=reliability.get(rater, prior.mean),
            mean_omega=weight[rater] / max(1, len(latents[rater])),
            n_latents=len(latents[rater]),
            cannot_tell=silent[rater],
        )
        for rater, prior in priors.items()
    )


def answer_weights(
    table: AnswerTable, fit: SingleTruth, omega: FloatArray, learnability: Learnability
) -> tuple[AnswerWeight, ...]:
    likely = fit.posterior[table.latent, table.chosen]
    ratios = np.exp(learnability.log_ratios)
    return tuple(
        AnswerWeight(
            latent=answer.latent,
            rater=answer.rater,
            reading=answer.reading,
            value=table.classes[int(table.latent[a])][int(table.chosen[a])],
            split=float(table.split[a]),
            omega=float(omega[a]),
            likelihood_ratio=float(ratios[a]),
            likely=float(likely[a]),
        )
        for a, answer in enumerate(table.answers)
    )
