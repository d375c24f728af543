"""Every method of the table, by name: CLC whole, CLC with parts removed, and what it is measured against."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from annotation.science.ambiguity import Outcome, Thresholds, judge
from annotation.science.clc import clc
from annotation.science.clc_parameters import ClcParameters
from annotation.science.clc_result import ClcResult
from annotation.science.types import FloatArray, Item, Undefined, open_item
from bench.harness import BenchError
from bench.worlds import comparators
from bench.worlds.as_answers import ITEM, Asked, answers_of, calibration_of
from bench.worlds.scoring import Made
from bench.worlds.votes import Votes, votes_of
from bench.worlds.world import World

SEED = 1
NO_ROWS = 1e9
"""Answers that a confusion row would have to exceed: it never departs from one-coin."""
VOTE_SHARE, BELIEF = 0.8, 0.9
"""Above which share of the votes, or belief, a method without an ambiguity rule is taken to accept."""
FIRST_VERSION = ClcParameters(
    version="clc-1",
    row_strength=6.0,
    learnability_pseudo_scores=20.0,
    learnability_model_weight=0.25,
    learnability_limit=3.0,
)
FIRST_THRESHOLDS = Thresholds(theta=0.7, extra_rounds=0)
CLOSED, CLOSED_ONE_LOOK = Thresholds(theta=0.79), Thresholds(theta=0.75, extra_rounds=0)
OPEN, OPEN_ONE_LOOK = Thresholds(), Thresholds(theta=0.68, extra_rounds=0)
"""By the item's kind: for up to three looks, and for what is judged after one round and never again."""
Method = Callable[[World, Asked], Made]


def clc_method(
    params: ClcParameters | None = None,
    thresholds: Thresholds = CLOSED_ONE_LOOK,
    *,
    calibration: bool = True,
    repeats: bool = True,
    item: Item = ITEM,
) -> Method:
    """Accepted by `judge` after one round; beliefs q and opinions theta."""

    def made(world: World, asked: Asked) -> Made:
        result = consensus_of(world, asked, params, calibration=calibration, repeats=repeats, item=item)
        accepted = np.array([outcome == "accepted" for outcome in judged(world, asked, result, thresholds)])
        theta = in_order(result, "theta")
        return Made(in_order(result, "q"), theta, accepted, theta.max(axis=1))

    return made


def consensus_of(
    world: World,
    asked: Asked,
    params: ClcParameters | None = None,
    *,
    calibration: bool = True,
    repeats: bool = True,
    item: Item = ITEM,
) -> ClcResult:
    known = calibration_of(world, asked) if calibration else ()
    result = clc(answers_of(world, asked, repeats=repeats), item, params, seed=SEED, calibration=known)
    if isinstance(result, Undefined):
        raise BenchError(result.reason)
    return result


def judged(
    world: World,
    asked: Asked,
    result: ClcResult,
    thresholds: Thresholds | None = None,
    used: np.ndarray[tuple[int], np.dtype[np.int64]] | None = None,
) -> list[Outcome]:
    """Each latent's outcome by the whole accept rule; `used` (N,): extra rounds so far, none where it is left out."""
    sites = len(set(world.raters.institution[asked.any(axis=1)].tolist()))
    rounds = [0] * len(result.latents) if used is None else used.tolist()
    return [
        judge(latent, thresholds, extra_rounds_used=extra, institutions_in_study=sites).outcome
        for latent, extra in zip(result.latents, rounds, strict=True)
    ]


def in_order(result: ClcResult, layer: str) -> FloatArray:
    """(N, K) of q or theta in the order of ITEM's classes.

    What an open item gives to "other" is spread over the classes that nobody proposed; where all were, it is left out.
    """
    found = np.zeros((len(result.latents), len(ITEM.classes)))
    for i, latent in enumerate(result.latents):
        for value, share in zip(latent.classes, getattr(latent, layer), strict=True):
            if value in ITEM.classes:
                found[i, ITEM.classes.index(value)] = share
            elif absent := [k for k, known in enumerate(ITEM.classes) if known not in latent.classes]:
                found[i, absent] += share / len(absent)
    return found


def belief_method(estimate: Callable[[Votes], FloatArray], *, accepts: float, calibration: bool = True) -> Method:
    def made(world: World, asked: Asked) -> Made:
        belief = estimate(votes_of(world, asked, calibration=calibration))
        certainty = belief.max(axis=1)
        return Made(belief, belief, certainty >= accepts, certainty)

    return made


WHOLE = "CLC"
METHODS: Mapping[str, Method] = {
    "majority vote": belief_method(comparators.majority, accepts=VOTE_SHARE),
    "Dawid-Skene": belief_method(comparators.dawid_skene, accepts=BELIEF, calibration=False),
    "Dawid-Skene + calibration": belief_method(comparators.dawid_skene, accepts=BELIEF),
    "one-coin + calibration": belief_method(comparators.one_coin, accepts=BELIEF),
    "CROWDLAB, no classifier": belief_method(comparators.crowdlab, accepts=VOTE_SHARE),
    WHOLE: clc_method(),
    "CLC, as its first look of three": clc_method(thresholds=CLOSED),
    "CLC, first version": clc_method(FIRST_VERSION, FIRST_THRESHOLDS),
    "CLC, no learnability": clc_method(replace(ClcParameters(), use_learnability=False)),
    "CLC, no institutions": clc_method(replace(ClcParameters(), use_institutions=False)),
    "CLC, no calibration": clc_method(calibration=False),
    "CLC, no second readings": clc_method(repeats=False),
    "CLC, no confusion rows": clc_method(replace(ClcParameters(), row_strength=NO_ROWS)),
    "CLC, as an open item": clc_method(thresholds=OPEN_ONE_LOOK, item=open_item()),
}
