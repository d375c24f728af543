"""Consensus, weights and raters' reliability of a release, computed again from its ratings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.export.recompute.laid_out import NOT_CLINICAL, LaidOut, RubricItem, answers_of
from annotation.science.clc import clc
from annotation.science.clc_parameters import ClcParameters
from annotation.science.clc_result import ClcResult
from annotation.science.dawid_skene import dawid_skene
from annotation.science.majority import majority
from annotation.science.members import YES_OR_NO, answers_by_member
from annotation.science.types import Answer, CalibrationAnswer, Item, Undefined, closed_item, open_item, ordinal_item


@dataclass(frozen=True, kw_only=True)
class ConsensusFound:
    """By key, what the release's tables must say."""

    distributions: Mapping[tuple[str, str, int], Mapping[str, Any]]
    """By latent, item and place of the class."""
    weights: Mapping[tuple[str, str, str], float]
    """By latent, item and rater."""
    reliability: Mapping[tuple[str, str], Mapping[str, Any]]
    """By item and rater."""


def questions(laid: LaidOut) -> Iterator[tuple[str, Item, Sequence[Answer]]]:
    """What consensus is sought on: each item once, flags once a flag, confidence and free text not at all."""
    counted = laid.counted
    for item in laid.own_items:
        if item.kind == "flags":
            members = [str(option) for option in item.options]
            for flag in members:
                given = answers_of(laid, item, counted, flag=flag)
                yield f"{item.key}-{flag}", YES_OR_NO, answers_by_member(given, members)[flag]
        elif item.kind not in ("confidence", "text"):
            yield item.key, _science_item(item), answers_of(laid, item, counted)


def _science_item(item: RubricItem) -> Item:
    if item.kind == "concept":
        return open_item()
    return closed_item([*item.options, NOT_CLINICAL]) if item.kind == "nominal" else ordinal_item(item.options)


def consensus_of(
    key: str,
    item: Item,
    answers: Sequence[Answer],
    params: ClcParameters,
    *,
    seed: int,
    known: Sequence[CalibrationAnswer],
) -> ConsensusFound:
    """Of one question."""
    result = clc(answers, item, params, seed=seed, calibration=known)
    if not isinstance(result, ClcResult):
        return ConsensusFound(distributions={}, weights={}, reliability={})
    votes = {row.latent: row for row in majority(answers)}
    other = dawid_skene(answers, item)
    distributions: dict[tuple[str, str, int], dict[str, Any]] = {}
    weights: dict[tuple[str, str, str], float] = {}
    for latent in result.latents:
        counted = votes[latent.latent]
        weights |= {(latent.latent, key, rater): weight for rater, weight in latent.weights.items()}
        for place, label in enumerate(latent.classes):
            distributions[latent.latent, key, place + 1] = {
                "class": str(label),
                "votes": counted.votes.get(label, 0.0),
                "theta": latent.theta[place],
                "q": latent.q[place],
                "dawid_skene": None if isinstance(other, Undefined) else other.of(latent.latent).get(label, 0.0),
                "majority": label in counted.winners,
                "majority_tied": counted.tied,
                "n_eff": latent.n_eff,
                "flip_rate": latent.flip_rate,
                "entropy": latent.entropy,
                "ratings": latent.n_raters,
                "cannot_tell": latent.cannot_tell,
                "institutions": latent.n_institutions,
            }
    reliability = {
        (key, rater.rater): {
            "prior_mean": rater.prior.mean,
            "prior_low": rater.prior.low,
            "prior_high": rater.prior.high,
            "fitted": rater.reliability,
            "latents": rater.n_latents,
            "calibration": rater.prior.n_calibration,
            "repeats": rater.prior.n_repeats,
            "repeats_matched": rater.prior.n_matched,
            "mean_weight": rater.mean_omega,
            "cannot_tell": rater.cannot_tell,
        }
        for rater in result.raters
    }
    return ConsensusFound(distributions=distributions, weights=weights, reliability=reliability)
