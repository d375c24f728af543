"""Rows of one question's consensus: its latents, its raters, their institutions and the scorers of their reasons."""

from collections.abc import Iterator, Sequence
from typing import Any

from annotation.actions.results.questions import Question
from annotation.models import Consensus, InstitutionHabit, RaterReliability, ScorerStanding
from annotation.science.clc_result import ClcResult
from annotation.science.dawid_skene import DawidSkene, dawid_skene
from annotation.science.explain import breakdowns
from annotation.science.majority import majority
from annotation.science.types import Undefined


def consensus_rows(question: Question, result: ClcResult) -> Iterator[Consensus]:
    """One row a latent: both layers of CLC with majority vote and Dawid-Skene beside them."""
    votes = {row.latent: row for row in majority(question.answers)}
    other = dawid_skene(question.answers, question.item)
    explained = breakdowns(result)
    for latent in result.latents:
        counted = votes[latent.latent]
        yield Consensus(
            latent_id=int(latent.latent),
            item=question.key,
            classes=list(latent.classes),
            votes=[counted.votes.get(label, 0.0) for label in latent.classes],
            q=list(latent.q),
            theta=list(latent.theta),
            majority=list(counted.winners),
            n_eff=latent.n_eff,
            flip_rate=latent.flip_rate,
            entropy=latent.entropy,
            ratings=latent.n_raters,
            cannot_tell=latent.cannot_tell,
            institutions=latent.n_institutions,
            weights=dict(latent.weights),
            breakdown=[answer.as_json() for answer in explained[latent.latent]],
            **_dawid_skene(other, latent.latent, latent.classes),
        )


def _dawid_skene(fitted: DawidSkene | Undefined, latent: str, classes: Sequence[Any]) -> dict[str, Any]:
    if isinstance(fitted, Undefined):
        return {"dawid_skene": None, "dawid_skene_reason": fitted.reason}
    posterior = fitted.of(latent)
    return {"dawid_skene": [posterior.get(label, 0.0) for label in classes]}


def reliability_rows(question: Question, result: ClcResult) -> Iterator[RaterReliability]:
    """One row a rater: what is known of her, and how far her answers were left one whole vote."""
    for weight in result.raters:
        yield RaterReliability(
            item=question.key,
            pseudonym=weight.rater,
            mean=weight.prior.mean,
            low=weight.prior.low,
            high=weight.prior.high,
            fitted=weight.reliability,
            ratings=weight.n_latents,
            calibration=weight.prior.n_calibration,
            repeats=weight.prior.n_repeats,
            repeats_matched=weight.prior.n_matched,
            mean_weight=weight.mean_omega,
            cannot_tell=weight.cannot_tell,
        )


def institution_rows(question: Question, result: ClcResult) -> Iterator[InstitutionHabit]:
    """One row an institution, or one without a code that says why there is no effect in the whole study."""
    if isinstance(result.institutions, Undefined):
        yield InstitutionHabit(item=question.key, institution="", undefined_reason=result.institutions.reason)
        return
    for effect in result.institutions:
        yield InstitutionHabit(
            item=question.key,
            institution=effect.institution,
            rho=effect.rho,
            within=effect.within,
            cross=effect.cross,
            within_pairs=effect.n_within_pairs,
            cross_pairs=effect.n_cross_pairs,
        )


def scorer_rows(question: Question, result: ClcResult) -> Iterator[ScorerStanding]:
    """One row a scorer whose scores stood beside answers to the question."""
    for scorer in result.scorers:
        yield ScorerStanding(
            item=question.key,
            scorer=scorer.scorer,
            on=scorer.on,
            mean_right=scorer.mean_right,
            mean_wrong=scorer.mean_wrong,
            spread=scorer.spread,
            scores=scorer.n_scores,
            calibration_scores=scorer.n_calibration,
        )
