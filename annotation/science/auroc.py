"""Area under the ROC curve of judges who give a number: the chance that a firing snippet is ranked above a silent one.

    AUROC of a trial = mean over pairs (firing i, silent j) of [number_i > number_j] + [number_i = number_j] / 2

Numbers of two judges, or of one judge on two rationales, are on scales of their own: the area is taken within each
trial, and trials are averaged. 0.5 is chance. Hanley and McNeil 1982 (Radiology 143:29).
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from annotation.science.tallies import Judgement
from annotation.science.trial_scores import MINIMUM, REPLICATES, percentile_interval
from annotation.science.types import FloatArray, IntArray, Interval, Undefined

VERSION = "auroc-1"


@dataclass(frozen=True)
class Auroc:
    value: float
    interval: Interval | Undefined
    """Over trials; over the snippets of a single one."""
    trials: int
    """With numbers for firing and for silent snippets."""
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
    areas = Counter(float(_wins(firing, silent).mean()) for firing, silent in whole)
    if len(whole) != 1:
        return mean_auroc(areas, seed=seed, replicates=replicates)
    interval = _over_snippets(*whole[0], np.random.default_rng(seed), replicates)
    return Auroc(value=next(iter(areas)), interval=interval, trials=1, seed=seed, replicates=replicates)


def area(judgements: Iterable[Judgement]) -> float | None:
    """Of one trial, 0 to 1; None without numbers for both kinds of snippets."""
    numbers: tuple[list[float], list[float]] = ([], [])
    for one in judgements:
        if one.number is not None:
            numbers[0 if one.fires else 1].append(one.number)
    firing, silent = (np.array(part, np.float64) for part in numbers)
    return float(_wins(firing, silent).mean()) if len(firing) and len(silent) else None


def mean_auroc(areas: Mapping[float, int], *, seed: int, replicates: int = REPLICATES) -> Auroc | Undefined:
    """Mean of trials' areas, with an interval over trials. areas: how many trials have each area."""
    if not areas:
        return Undefined("No trial has numbers for snippets that fire and for snippets that do not.")
    values, times = (np.array(column) for column in zip(*sorted(areas.items()), strict=True))
    return Auroc(
        value=float(values @ times / times.sum()),
        interval=_over_trials(values, times, np.random.default_rng(seed), replicates),
        trials=int(times.sum()),
        seed=seed,
        replicates=replicates,
    )


def _wins(firing: FloatArray, silent: FloatArray) -> FloatArray:
    """(firing, silent): 1 where the firing one is higher, 1/2 on a tie."""
    difference = firing[:, None] - silent[None, :]
    return np.asarray((difference > 0) + (difference == 0) / 2, dtype=np.float64)


def _over_trials(
    values: FloatArray, times: IntArray, rng: np.random.Generator, replicates: int
) -> Interval | Undefined:
    number = int(times.sum())
    if number < MINIMUM["trials"]:
        return Undefined(f"An interval needs at least {MINIMUM['trials']} trials; there are {number}.")
    drawn = rng.multinomial(number, times / number, size=replicates)
    return percentile_interval(drawn @ values / number)


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
