"""A blinded reading: which held-out snippets are shown for a rationale, and how well it let a reader foretell them.

    balanced accuracy = (share of firing snippets said to fire + share of silent ones said to stay silent) / 2

A reader who always says "fires" scores 0.5. Ten firing snippets are spread over the activation deciles, ten silent
ones over the arms of negatives, by turns; the order mixes them and depends on the seed alone.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from annotation.science.types import ScienceError, Undefined

T = TypeVar("T")
EACH = 10
"""Firing and silent snippets of one trial each."""


@dataclass(frozen=True)
class HeldOut:
    """One held-out snippet of a latent."""

    snippet: int
    fires: bool
    group: Hashable
    """Of a firing one its activation decile, of a silent one its arm (random, look-alike, ...)."""


def draw_trial(snippets: Sequence[HeldOut], *, seed: Sequence[int], each: int = EACH) -> tuple[int, ...] | Undefined:
    """`each` firing and `each` silent snippets, in mixed order; the same for the same seed whatever their order here.

    Groups take turns, so that they differ by at most one as long as each has enough. Undefined if there are too few.
    """
    rng = np.random.default_rng(list(seed))
    firing, silent = ([s for s in snippets if s.fires is fires] for fires in (True, False))
    if len(firing) < each or len(silent) < each:
        return Undefined(
            f"A reading needs {each} held-out snippets that fire and {each} that do not; "
            f"there are {len(firing)} and {len(silent)}."
        )
    chosen = [*_by_turns(firing, each, rng), *_by_turns(silent, each, rng)]
    return tuple(chosen[i] for i in rng.permutation(len(chosen)).tolist())


def trial_seed(study_seed: int, rating: int) -> tuple[int, int]:
    """The seed of a rationale's trial: every reader of it is shown the same snippets in the same order."""
    return (study_seed, rating)


def _by_turns(snippets: Sequence[HeldOut], number: int, rng: np.random.Generator) -> list[int]:
    groups: dict[str, list[int]] = defaultdict(list)
    for one in snippets:
        groups[str(one.group)].append(one.snippet)
    turns: list[tuple[int, int, int]] = []
    for place, name in enumerate(_shuffled(sorted(groups), rng)):
        turns += [(turn, place, snippet) for turn, snippet in enumerate(_shuffled(sorted(groups[name]), rng))]
    return [snippet for _, _, snippet in sorted(turns)[:number]]


def _shuffled(values: Sequence[T], rng: np.random.Generator) -> list[T]:
    return [values[i] for i in rng.permutation(len(values)).tolist()]


def balanced_accuracy(said: Mapping[int, bool], fires: Mapping[int, bool]) -> float:
    """Of one trial, 0 to 1. said, fires: by snippet. Raises ScienceError unless both hold the same snippets of both
    kinds.
    """
    if set(said) != set(fires):
        raise ScienceError("Every snippet of a reading has one judgement, and there are no others.")
    right: dict[bool, list[bool]] = {True: [], False: []}
    for snippet, truth in fires.items():
        right[truth].append(said[snippet] is truth)
    if not right[True] or not right[False]:
        raise ScienceError("A reading needs snippets that fire and snippets that do not.")
    return sum(sum(part) / len(part) for part in right.values()) / 2
