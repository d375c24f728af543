"""Fuzzing trials: are the marked words what the rationale speaks of?

Firing snippets are shown with words marked: in half of them the words on which the latent fires, in the other half as
many others, in the same pattern moved along the text. Whoever knows what the latent stands for can tell which is which.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotation.science.types import Undefined

Span = tuple[int, int]
EACH = 5
"""Rightly and wrongly marked snippets, each."""


@dataclass(frozen=True)
class Marked:
    """One firing held-out snippet."""

    snippet: int
    words: tuple[Span, ...]
    """Characters [start, end) of every word, in order."""
    firing: tuple[Span, ...]
    """Characters on which the latent fires."""


@dataclass(frozen=True)
class FuzzingTrial:
    snippet: int
    marks: tuple[Span, ...]
    right: bool
    """Whether the marked words are those that fire."""


def draw_fuzzing(
    snippets: Sequence[Marked], *, seed: Sequence[int], each: int = EACH
) -> tuple[FuzzingTrial, ...] | Undefined:
    """`each` snippets with their own marks and `each` others with moved ones, in mixed order; fewer where there are
    fewer, as many of either.

    The same seed gives the same trials, whatever the order of the snippets. Undefined where no two can be used.
    """
    rng = np.random.default_rng(list(seed))
    ordered = sorted(snippets, key=lambda one: one.snippet)
    mixed = [ordered[i] for i in rng.permutation(len(ordered)).tolist()]
    usable = [
        (one, own, moved) for one in mixed if (own := _own(one)).any() and (moved := _moved(own, rng)) is not None
    ]
    number = min(each, len(usable) // 2)
    if not number:
        return Undefined(
            "Fuzzing needs two held-out snippets in which the latent fires on fewer than half of the words."
        )
    trials = [FuzzingTrial(one.snippet, _spans(one, own), True) for one, own, _ in usable[:number]]
    trials += [FuzzingTrial(one.snippet, _spans(one, moved), False) for one, _, moved in usable[number : 2 * number]]
    return tuple(trials[i] for i in rng.permutation(len(trials)).tolist())


def _own(one: Marked) -> "np.ndarray":
    """[word] whether the latent fires on any of its characters."""
    return np.array([any(a < end and start < b for a, b in one.firing) for start, end in one.words], bool)


def _moved(own: "np.ndarray", rng: np.random.Generator) -> "np.ndarray | None":
    """The same pattern so many words further, round to the front, where it touches no word of its own; None where that
    is nowhere."""
    steps = [step for step in range(1, len(own)) if not (np.roll(own, step) & own).any()]
    return np.roll(own, steps[int(rng.integers(len(steps)))]) if steps else None


def _spans(one: Marked, marks: "np.ndarray") -> tuple[Span, ...]:
    return tuple(word for word, mark in zip(one.words, marks.tolist(), strict=True) if mark)
