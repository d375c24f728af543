"""Detection and fuzzing scores: balanced accuracy over trials, with a bootstrap interval.

    balanced accuracy = (share of firing snippets said to fire + share of silent ones said to stay silent) / 2

A judge who always says yes, always no, or throws a coin scores 0.5. Shares are pooled over the trials, so that an arm
of negatives or an activation decile, of which a trial holds a snippet or two, can be scored across trials. Resampled
are whole trials ("trials": how would other rationales and judges have done) or snippets, firing and silent ones
apart ("snippets": how would the same rationale have done on other notes).

Bills et al. 2023 (simulation scoring), Paulo et al. 2024 (arXiv 2410.13928: detection and fuzzing of SAE latents).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from annotation.science.bootstrap import COVERAGE
from annotation.science.tallies import Tally
from annotation.science.types import FloatArray, Interval, Undefined

VERSION = "trials-1"
REPLICATES = 2000
Over = Literal["trials", "snippets"]
MINIMUM: dict[Over, int] = {"trials": 5, "snippets": 10}
"""With fewer, the percentile interval is far too narrow to be shown."""
MAXIMUM_LOST_SHARE = 0.05
CHANCE = 0.5


@dataclass(frozen=True)
class TrialScore:
    """Balanced accuracy, and all that is needed to compute it again."""

    value: float
    interval: Interval | Undefined
    sensitivity: float
    """Share of the firing snippets that were said to fire."""
    specificity: float
    """Share of the silent snippets that were said to stay silent."""
    firing: int
    silent: int
    """Judgements of either kind."""
    clusters: int
    """Trials or snippets that were resampled."""
    over: Over
    seed: int
    replicates: int
    version: str = VERSION


def balanced_accuracy_of(
    tallies: Sequence[Tally], *, over: Over, seed: int, replicates: int = REPLICATES
) -> TrialScore | Undefined:
    """Balanced accuracy of the clusters (tallies.by_trial for "trials", by_snippet for "snippets"), 0 to 1.

    Undefined without a firing or without a silent snippet. The same seed gives the same interval.
    """
    rows = np.array([(t.hits, t.firing, t.spared, t.silent) for t in tallies], np.float64).reshape(-1, 4)
    times = np.array([t.times for t in tallies], np.int64)
    hits, firing, spared, silent = times @ rows
    if not firing or not silent:
        return Undefined(f"No {'firing' if not firing else 'silent'} snippet has been judged yet.")
    return TrialScore(
        value=float((hits / firing + spared / silent) / 2),
        interval=_interval(rows, times, over, seed, replicates),
        sensitivity=float(hits / firing),
        specificity=float(spared / silent),
        firing=int(firing),
        silent=int(silent),
        clusters=int(times.sum()),
        over=over,
        seed=seed,
        replicates=replicates,
    )


def _interval(rows: FloatArray, times: "np.ndarray", over: Over, seed: int, replicates: int) -> Interval | Undefined:
    rng = np.random.default_rng(seed)
    if over == "trials":
        parts = [np.arange(len(rows))]
    else:
        fires = rows[:, 1] > 0
        parts = [np.flatnonzero(fires), np.flatnonzero(~fires)]
    for part in parts:
        if times[part].sum() < MINIMUM[over]:
            of = "" if over == "trials" else " that fire and as many that do not"
            return Undefined(f"An interval needs at least {MINIMUM[over]} {over}{of}; there are {times[part].sum()}.")
    totals = sum((_drawn(rows[part], times[part], rng, replicates) for part in parts), np.zeros((replicates, 4)))
    with np.errstate(invalid="ignore", divide="ignore"):
        values = (totals[:, 0] / totals[:, 1] + totals[:, 2] / totals[:, 3]) / 2
    return percentile_interval(values)


def _drawn(rows: FloatArray, times: "np.ndarray", rng: np.random.Generator, replicates: int) -> FloatArray:
    """(replicates, 4) sums over as many clusters as there are, drawn with replacement; alike ones are one cell."""
    number = int(times.sum())
    return np.asarray(rng.multinomial(number, times / number, size=replicates) @ rows, dtype=np.float64)


def percentile_interval(values: FloatArray) -> Interval | Undefined:
    """95 % of the resampled values; Undefined where they say nothing."""
    defined = values[np.isfinite(values)]
    if len(values) - len(defined) > MAXIMUM_LOST_SHARE * len(values):
        return Undefined("Too many resamples hold no snippet of one kind, so that no interval can be drawn.")
    tail = (1 - COVERAGE) / 2 * 100
    low, high = (float(x) for x in np.percentile(defined, [tail, 100 - tail]))
    if low == high:
        return Undefined("No interval: every resample gives the same value.")
    return Interval(low, high)
