"""Judgements of trials, counted: what was said of snippets that fire, and of snippets that do not.

A trial is one reader's or one scorer's judgements of one rationale. Clusters that look alike are one Tally with a
multiplicity, so that a hundred thousand trials cost no more than their few hundred distinct outcomes.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Judgement:
    """What was said of one held-out snippet."""

    trial: Hashable
    """Rationale and judge: judgements of one trial hang together."""
    snippet: Hashable
    fires: bool
    """The truth; of a fuzzing trial, whether the marked words are those that fire."""
    said: bool
    group: Hashable = ""
    """Of a firing snippet its activation decile, of a silent one its arm."""
    number: float | None = None
    """How sure the judge is that it fires, on the judge's own scale; None where she gives yes or no alone."""


@dataclass(frozen=True)
class Tally:
    """One cluster of judgements, or several that look alike."""

    hits: int
    """Firing snippets said to fire, ..."""
    firing: int
    """... of so many."""
    spared: int
    """Silent snippets said to stay silent, ..."""
    silent: int
    """... of so many."""
    times: int = 1
    """So many clusters look like this."""


def by_trial(judgements: Iterable[Judgement]) -> tuple[Tally, ...]:
    """One cluster a trial."""
    return _tallies(judgements, lambda one: one.trial)


def by_snippet(judgements: Iterable[Judgement]) -> tuple[Tally, ...]:
    """One cluster a snippet, however many judged it."""
    return _tallies(judgements, lambda one: one.snippet)


def of_arm(judgements: Iterable[Judgement], arm: Hashable) -> tuple[Judgement, ...]:
    """The firing ones with the silent ones of one arm."""
    return tuple(one for one in judgements if one.fires or one.group == arm)


def of_decile(judgements: Iterable[Judgement], decile: Hashable) -> tuple[Judgement, ...]:
    """The silent ones with the firing ones of one decile."""
    return tuple(one for one in judgements if not one.fires or one.group == decile)


def _tallies(judgements: Iterable[Judgement], key: Callable[[Judgement], Hashable]) -> tuple[Tally, ...]:
    counts: dict[Hashable, list[int]] = {}
    for one in judgements:
        row = counts.setdefault(key(one), [0, 0, 0, 0])
        row[1 if one.fires else 3] += 1
        if one.said is one.fires:
            row[0 if one.fires else 2] += 1
    alike = Counter((hits, firing, spared, silent) for hits, firing, spared, silent in counts.values())
    return tuple(Tally(*row, times) for row, times in sorted(alike.items()))
