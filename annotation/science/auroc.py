"""Area under the ROC curve of judges who give a number: the chance that a firing snippet is ranked above a silent one.

    AUROC of a trial = mean over pairs (firing i, silent j) of [number_i > number_j] + [number_i = number_j] / 2

Numbers of two judges, or of one judge on two rationales, are on scales of their own: the area is taken within each
trial, and trials are averaged. 0.5 is chance. Hanley and McNeil 1982 (Radiology 143:29).
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np

from annotation.science.tallies import Judgement
from annotation.science.trial_scores import MINIMUM, REPLICATES, percentile_interval
from annotation.science.types import FloatArray, Interval, Undefined

VERSION = "auroc-1"


@dataclass(frozen=True)
class Auroc:
    value: float
    interval: Interval | Undefined
    """Over trials; over the snippets of a single one."""
    trials: int
    """With numbers for firing and for silent snippets."""
    snippets: int
    seed: int
    replicates: int
    version: str = VERSION


def auroc(judgements: Iterable[Judgement], *, seed: int, replicates: int = REPLICATES) -> Auroc | Undefined:
    """Mean over trials, 0 to 1. Judgements without a number are left out."""
    trials: dict[Hashable, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for one in judgements:
        if one.number is not None:
            trials[one.trial][0 if one.fires else 1].append(one.number)
    whole = [(np.sort(firing), np.sort(silent)) for firing, silent in trials.values() if firing and silent]
    if not whole:
        return Undefined("No trial has numbers for snippets that fire and for snippets that do not.")
    areas = np.sort([float(_wins(firing, silent).mean()) for firing, silent in whole])
    rng = np.random.default_rng(seed)
    interval = _over_trials(areas, rng, replicates) if len(whole) > 1 else _over_snippets(*whole[0], rng, replicates)
    return Auroc(
        value=float(areas.mean()),
        interval=interval,
        trials=len(whole),
        snippets=sum(len(firing) + len(silent) for firing, silent in whole),
        seed=seed,
        replicates=replicates,
    )


def _wins(firing: FloatArray, silent: FloatArray) -> FloatArray:
    """(firing, silent): 1 where the firing one is higher, 1/2 on a tie."""
    difference = firing[:, None] - silent[None, :]
    return np.asarray((difference > 0) + (difference == 0) / 2, dtype=np.float64)


def _over_trials(areas: FloatArray, rng: np.random.Generator, replicates: int) -> Interval | Undefined:
    if len(areas) < MINIMUM["trials"]:
        return Undefined(f"An interval needs at least {MINIMUM['trials']} trials; there are {len(areas)}.")
    values, times = np.unique(areas, return_counts=True)
    drawn = rng.multinomial(len(areas), times / len(areas), size=replicates)
    return percentile_interval(drawn @ values / len(areas))


def _over_snippets(
    firing: FloatArray, silent: FloatArray, rng: np.random.Generator, replicates: int
) -> Interval | Undefined:
    fewest = min(len(firing), len(silent))
    if fewest < MINIMUM["snippets"]:
        return Undefined(
            f"An interval needs at least {MINIMUM['snippets']} snippets that fire and as many that do not; "
            f"there are {fewest}."
        )
    above, below = (
        rng.multinomial(len(part), np.full(len(part), 1 / len(part)), size=replicates) for part in (firing, silent)
    )
    sums = np.einsum("ri,ij,rj->r", above, _wins(firing, silent), below, optimize=True)
    return percentile_interval(sums / (len(firing) * len(silent)))
