"""Intruder sets: which of n snippets does not belong? No label is given: people tell a bad latent from a bad label.

All but one of a set fire; chance finds the odd one in 1/n of the sets (Chang et al. 2009, "Reading tea leaves").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotation.science.reading_trial import HeldOut
from annotation.science.trial_scores import MINIMUM, REPLICATES, percentile_interval
from annotation.science.types import Interval, ScienceError, Undefined

VERSION = "intruder-1"
SIZE = 5
SETS = 8


@dataclass(frozen=True)
class IntruderSet:
    snippets: tuple[int, ...]
    """As they are shown."""
    odd: int
    """The one that does not fire."""


@dataclass(frozen=True)
class Found:
    """How often the odd one was found."""

    value: float
    chance: float
    """What guessing would find: the mean of 1/n."""
    interval: Interval | Undefined
    """Over latents; over the sets of a single one."""
    sets: int
    latents: int
    seed: int
    replicates: int
    version: str = VERSION


def draw_intruders(
    snippets: Sequence[HeldOut], *, seed: Sequence[int], size: int = SIZE, sets: int = SETS
) -> tuple[IntruderSet, ...] | Undefined:
    """Up to `sets` sets of `size` held-out snippets, one of each silent; no silent one is used twice.

    Firing ones come round again only when all have been used. The same seed gives the same sets, whatever the order of
    the snippets. Undefined with fewer than size - 1 firing ones or without a silent one.
    """
    rng = np.random.default_rng(list(seed))
    firing, silent = (sorted(s.snippet for s in snippets if s.fires is fires) for fires in (True, False))
    if len(firing) < size - 1 or not silent:
        return Undefined(
            f"A set needs {size - 1} held-out snippets that fire and one that does not; "
            f"there are {len(firing)} and {len(silent)}."
        )
    odd_ones = [silent[i] for i in rng.permutation(len(silent))[:sets].tolist()]
    turns = [firing[i] for _ in range(sets) for i in rng.permutation(len(firing)).tolist()]
    found = []
    for odd in odd_ones:
        others: list[int] = []
        while len(others) < size - 1:
            others += [turns.pop(next(i for i, one in enumerate(turns) if one not in others))]
        shown = [*others, odd]
        found.append(IntruderSet(tuple(shown[i] for i in rng.permutation(size).tolist()), odd))
    return tuple(found)


def intruders_found(
    found: Sequence[tuple[int, int]], *, size: int = SIZE, seed: int, replicates: int = REPLICATES
) -> Found | Undefined:
    """found: (sets in which the odd one was found, sets) of each latent. Undefined where nothing was judged."""
    rows = np.array([one for one in found if one[1]], np.int64).reshape(-1, 2)
    if size < 2 or (rows[:, 0] > rows[:, 1]).any():
        raise ScienceError("A set has two snippets at least, and no more odd ones are found than there are sets.")
    if not len(rows):
        return Undefined("Nobody has looked for an intruder yet.")
    hits, sets = rows.sum(axis=0).tolist()
    rng = np.random.default_rng(seed)
    return Found(
        value=hits / sets,
        chance=1 / size,
        interval=_interval(rows, rng, replicates),
        sets=sets,
        latents=len(rows),
        seed=seed,
        replicates=replicates,
    )


def _interval(rows: "np.ndarray", rng: np.random.Generator, replicates: int) -> Interval | Undefined:
    if len(rows) == 1:
        hits, sets = rows[0].tolist()
        if sets < MINIMUM["trials"]:
            return Undefined(f"An interval needs at least {MINIMUM['trials']} sets; there are {sets}.")
        return percentile_interval(rng.binomial(sets, hits / sets, size=replicates) / sets)
    if len(rows) < MINIMUM["trials"]:
        return Undefined(f"An interval needs at least {MINIMUM['trials']} latents; there are {len(rows)}.")
    alike, times = np.unique(rows, axis=0, return_counts=True)
    totals = rng.multinomial(len(rows), times / len(rows), size=replicates) @ alike
    return percentile_interval(totals[:, 0] / totals[:, 1])
