"""CLC: consistency- and learnability-weighted consensus, in two layers.

q, a posterior over one truth, and theta, a distribution of opinions, from answers weighted by what is known of their
raters: calibration items and repeats (`rater_prior`), institution (`institutions`), and how well their rationale lets
a blinded reader predict unseen snippets (`learnability`). Deterministic for a seed, whatever the order of the input.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType

from annotation.science.answer_table import AnswerTable, answer_table
from annotation.science.clc_fitted import ClcFitted
from annotation.science.clc_parameters import ClcParameters
from annotation.science.clc_result import ClcResult
from annotation.science.clc_summary import (
    answer_weights,
    cannot_tell_pairs,
    latent_consensus,
    rater_weights,
    unanswered_latents,
)
from annotation.science.digest import digest
from annotation.science.institutions import design_weights, excess_agreement, institution_effects, same_votes
from annotation.science.learnability import Learnability
from annotation.science.opinion import opinion_distribution
from annotation.science.rater_model import RaterModel, error_shape
from annotation.science.rater_prior import RaterPrior, Repeat, rater_prior
from annotation.science.single_truth import fit_single_truth
from annotation.science.types import Answer, CalibrationAnswer, Item, LearnabilityScore, Undefined


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
    unsure = cannot_tell_pairs(everything, table)
    return ClcResult(
        latents=latent_consensus(table, fit, omega, theta, unsure, params, seed),
        unanswered=unanswered_latents(everything, table),
        raters=rater_weights(table, omega, priors, reliability, unsure),
        answers=answer_weights(table, fit, omega, learnability),
        institutions=effects,
        scorers=learnability.scorers,
        cannot_tell_share=sum(answer.value is None for answer in everything) / len(everything),
        iterations=fit.iterations,
        converged=fit.converged,
        parameters=params,
        seed=seed,
        input_digest=digest(_in_order(everything, calibration), item=item, parameters=params, seed=seed),
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


def _in_order(everything: Sequence[Answer], calibration: Sequence[CalibrationAnswer]) -> Iterator[object]:
    """The inputs with each answer's scores in one order, so that the digest does not depend on theirs."""
    for answer in everything:
        yield replace(answer, scores=_sorted(answer.scores)) if len(answer.scores) > 1 else answer
    for known in calibration:
        yield replace(known, scores=_sorted(known.scores)) if len(known.scores) > 1 else known


def _sorted(scores: tuple[LearnabilityScore, ...]) -> tuple[LearnabilityScore, ...]:
    return tuple(sorted(scores, key=lambda score: (score.scorer, score.value)))


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
    for a in range(1, table.n_answers):
        before, after = table.answers[a - 1], table.answers[a]
        if (before.latent, before.rater) == (after.latent, after.rater):
            chance = shared_chance or 1.0 / float(alternatives[table.latent[a]])
            repeats[after.rater].append(Repeat(before.value == after.value, chance))
    return repeats
