"""From the finished tally to the snippets of each latent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from saeserve.contract import (
    DECILE,
    FOIL_HARD,
    FOIL_RANDOM,
    HELD_OUT,
    HELD_OUT_HARD,
    HELD_OUT_RANDOM,
    TOP,
    MiningRequest,
)
from saeserve.mining.deciles import DECILES, Deciles
from saeserve.mining.foils import FoilFinder, Hints, PoolFacts, Used
from saeserve.mining.latent_rows import LatentRows
from saeserve.mining.merge_files import Block, Merged
from saeserve.mining.sections import KINDS, NONE, OTHER

LIKELY = 2
"""Specialties, and kinds of section, in which hard foils are looked for."""


@dataclass
class Chosen:
    """Snippets while they are collected, in runs of one latent and kind; their order in a run is their rank."""

    latents: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    """Where the run's rows lie: top | sample | held of the block, or the pool."""
    counts: list[int] = field(default_factory=list)
    """Rows of each run; they lie one run after another in `rows`."""
    rows: list[int] = field(default_factory=list)
    mentions: list[bool] = field(default_factory=list)
    """[row] whether it was chosen because it negates a peak word or says it of a relative."""

    def add(self, latent: int, kind: str, source: str, rows: list[int], mentions: list[bool] | None = None) -> None:
        self.latents.append(latent)
        self.kinds.append(kind)
        self.sources.append(source)
        self.counts.append(len(rows))
        self.rows += rows
        self.mentions += mentions or [False] * len(rows)


class Selector:
    """Chooses snippets of any latent. The same tally and request always give the same choice."""

    def __init__(
        self,
        request: MiningRequest,
        merged: Merged,
        facts: PoolFacts,
        neighbours: NDArray[np.int64],
        peak_words: dict[int, tuple[str, ...]],
    ) -> None:
        self._request, self._counts = request, merged.counts
        self._neighbours, self._peak_words = neighbours, peak_words
        self._finders = {
            reserved: FoilFinder(facts, merged.looks[reserved], reserved=reserved, width=merged.width)
            for reserved in (False, True)
        }

    def choose(self, block: Block, deciles: Deciles) -> Chosen:
        """Snippets of every latent of the block, by latent; none of one that never fired. deciles: of its sample."""
        chosen, rows = Chosen(), LatentRows(block, deciles)
        for latent, hints in enumerate(self._hints(block.first, block.last), start=block.first):
            if self._counts.firings[latent]:
                self._choose_shown(latent, hints, rows, chosen)
                self._choose_held(latent, hints, rows, chosen)
        return chosen

    def _choose_shown(self, latent: int, hints: Hints, rows: LatentRows, chosen: Chosen) -> None:
        used = Used()
        top = rows.top.of(latent)[: self._request.top]
        for row in top:
            used.add(rows.top.owners[row], rows.top.groups[row])
        chosen.add(latent, TOP, "top", top)
        chosen.add(latent, DECILE, "sample", self._decile_rows(latent, rows, used))
        finder, number = self._finders[False], self._request.foils
        chosen.add(latent, FOIL_HARD, "pool", *finder.hard(latent, hints, avoid=used, number=number))
        chosen.add(latent, FOIL_RANDOM, "pool", finder.random(latent, avoid=used, number=number))

    def _choose_held(self, latent: int, hints: Hints, rows: LatentRows, chosen: Chosen) -> None:
        used = Used()
        shown = _spread(rows.held.of(latent), self._request.held_out)
        for row in shown:
            used.add(rows.held.owners[row], rows.held.groups[row])
        chosen.add(latent, HELD_OUT, "held", shown)
        finder, number = self._finders[True], self._request.held_out
        chosen.add(latent, HELD_OUT_HARD, "pool", *finder.hard(latent, hints, avoid=used, number=number))
        chosen.add(latent, HELD_OUT_RANDOM, "pool", finder.random(latent, avoid=used, number=number))

    def _decile_rows(self, latent: int, rows: LatentRows, used: Used) -> list[int]:
        """From each decile, strongest first, the first `per_decile` drawn snippets that are not used yet."""
        decile, owners, groups = rows.decile, rows.sample.owners, rows.sample.groups
        free = [self._request.per_decile] * DECILES
        chosen: list[int] = []
        for row in rows.sample.of(latent):
            at = decile[row]
            if free[at] and used.add(owners[row], groups[row]):
                chosen.append(row)
                free[at] -= 1
        return chosen

    def _hints(self, first: int, last: int) -> Iterator[Hints]:
        specialties = _most(self._counts.specialties[first:last], without=(0,))
        sections = _most(self._counts.sections[first:last], without=(KINDS.index(NONE), KINDS.index(OTHER)))
        for latent, of_latent, in_sections in zip(range(first, last), specialties, sections, strict=True):
            yield Hints(
                neighbours=self._neighbours[latent],
                specialties=tuple(kind - 1 for kind in of_latent),
                sections=in_sections,
                words=self._peak_words.get(latent, ()),
            )


def _most(counts: NDArray[np.int64], *, without: Sequence[int]) -> list[tuple[int, ...]]:
    """[latent] places of the LIKELY highest counts above 0, the earlier one of equals."""
    free = counts.copy()
    free[:, list(without)] = 0
    order = np.argsort(-free, axis=1, kind="stable")[:, :LIKELY]
    highest = np.take_along_axis(free, order, axis=1)
    return [
        tuple(place for place, count in zip(places, values, strict=True) if count > 0)
        for places, values in zip(order.tolist(), highest.tolist(), strict=True)
    ]


def _spread(rows: list[int], number: int) -> list[int]:
    """`number` of the rows at even steps from the first to the last, or all where there are no more."""
    if len(rows) <= number:
        return rows
    return [rows[step] for step in _steps(len(rows), number)]


@cache
def _steps(rows: int, number: int) -> list[int]:
    steps: list[int] = np.round(np.linspace(0, rows - 1, number)).astype(int).tolist()
    return steps
