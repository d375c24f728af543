"""CLC: consistency- and learnability-weighted consensus, in two layers.

q, a posterior over one truth, and theta, a distribution of opinions, from answers weighted by what is known of their
raters: calibration items and repeats (`rater_prior`), institution (`institutions`), and how well their rationale lets
a blinded reader predict unseen snippets (`learnability`). Deterministic for a seed, whatever the order of the input.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from types import MappingProxyType

import numpy as np

from annotation.science.answer_table import AnswerTable, answer_table
from annotation.science.clc_fitted import ClcFitted
from annotation.science.clc_inputs import inputs_digest
from annotation.science.clc_parameters import ClcParameters
from annotation.science.clc_result import ClcResult
from annotation.science.clc_summary import (
    cannot_tell_pairs,
    latent_consensus,
    rater_weights,
    unanswered_latents,
)
from annotation.science.institutions import design_weights, excess_agreement, institution_effects, same_votes
from annotation.science.learnability import Learnability
from annotation.science.opinion import opinion_distribution
from annotation.science.rater_model import RaterModel, error_shape
from annotation.science.rater_prior import RaterPrior, Repeat, rater_prior
from annotation.science.single_truth import fit_single_truth
from annotation.science.types import Answer, CalibrationAnswer, Item, Undefined


def clc(
    answers: Iterable[Answer],
    item: Item,
    params: ClcParameters | None = None,
    *,
    seed: int,
    calibration: Sequence[CalibrationAnswer] = (),
) -> ClcResult | Undefined:
    """Consensus on one item over all its answers. Undefined if nobody has answered.

    `answers` hold every rater's current revision, repeat readings numbered; `calibration` only first answers to
    calibration items. Raises ScienceError for an answer outside the item's options or given twice.
    """
    params = params or ClcParameters()
    everything = tuple(answers)
    table = answer_table(everything, item)
    if isinstance(table, Undefined):
        return table
    priors = _priors(everything, table, item, calibration, params)
    effects = institution_effects(table, params)
    rho, same = excess_agreement(table, effects), same_votes(table)
    omega = table.split * design_weights(table, rho, same)
    model = RaterModel(table, item, tuple(priors[rater] for rater in table.raters), omega, params)
    learnability = Learnability(table, calibration, params)
    fit = fit_single_truth(table, item, model, learnability, params)
    theta = opinion_distribution(
        table, fit.log_prior, fit.log_likelihood, omega, prior_weight=params.opinion_pseudo_raters
    )
    reliability = dict(zip(table.raters, model.accuracy.tolist(), strict=True))
    unsure = [answer for answer in everything if answer.value is None]
    silent = cannot_tell_pairs(unsure, table)
    return ClcResult(
        latents=latent_consensus(table, fit, omega, theta, silent, params, seed),
        unanswered=unanswered_latents(unsure, table),
        raters=rater_weights(table, omega, priors, reliability, silent),
        institutions=effects,
        scorers=learnability.scorers,
        cannot_tell_share=len(unsure) / len(everything),
        iterations=fit.iterations,
        converged=fit.converged,
        parameters=params,
        seed=seed,
        input_digest=inputs_digest(table, unsure, calibration, item=item, parameters=params, seed=seed),
        fitted=ClcFitted(
            table=table,
            item=item,
            omega=omega,
            rho=rho,
            same=same,
            log_prior=fit.log_prior,
            rater_log_likelihood=fit.rater_log_likelihood,
            log_likelihood=fit.log_likelihood,
            log_ratios=learnability.log_ratios,
            scorer_log_ratios=MappingProxyType(learnability.by_scorer),
            accuracy=model.accuracy,
            q=fit.posterior,
            theta=theta,
        ),
    )


def _priors(
    everything: tuple[Answer, ...],
    table: AnswerTable,
    item: Item,
    calibration: Sequence[CalibrationAnswer],
    params: ClcParameters,
) -> dict[str, RaterPrior]:
    by_rater: dict[str, list[CalibrationAnswer]] = defaultdict(list)
    for known in sorted(calibration, key=lambda c: (c.rater, c.latent, c.reference_share)):
        by_rater[known.rater].append(known)
    repeats = _repeats(table, item)
    return {
        rater: rater_prior(by_rater[rater], repeats[rater], params)
        for rater in sorted({answer.rater for answer in everything})
    }


def _repeats(table: AnswerTable, item: Item) -> dict[str, list[Repeat]]:
    """Each reading after the first is compared with the one before it, of the same rater on the same latent."""
    shared_chance = float((error_shape(item) ** 2).sum(axis=1).mean()) if item.classes else None
    alternatives = table.wrong_alternatives()
    repeats: dict[str, list[Repeat]] = defaultdict(list)
    again = (np.diff(table.latent) == 0) & (np.diff(table.rater) == 0)
    for a in (np.flatnonzero(again) + 1).tolist():
        before, after = table.answers[a - 1], table.answers[a]
        chance = shared_chance or 1.0 / float(alternatives[table.latent[a]])
        repeats[after.rater].append(Repeat(before.value == after.value, chance))
    return repeats
