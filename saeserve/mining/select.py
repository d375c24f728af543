"""From the finished tally to the snippets of each latent."""

from collections.abc import Sequence
from dataclasses import dataclass, field

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
from saeserve.mining.foils import FoilFinder, Hints, PoolFacts, Used
from saeserve.mining.keep import one_each, spans
from saeserve.mining.merge_files import Block, Merged
from saeserve.mining.sections import KINDS, NONE, OTHER

DECILES = 10
QUANTILES = np.arange(1, DECILES) / DECILES
LIKELY = 2
"""Specialties, and kinds of section, in which hard foils are looked for."""


@dataclass
class Chosen:
    """Rows of the result while they are collected: which snippet, as what."""

    latents: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    ranks: list[int] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    """Where the row below lies: top | sample | held of the block, or the pool."""
    rows: list[int] = field(default_factory=list)

    def add(self, latent: int, kind: str, source: str, rows: list[int]) -> None:
        for rank, row in enumerate(rows):
            self.latents.append(latent)
            self.kinds.append(kind)
            self.ranks.append(rank)
            self.sources.append(source)
            self.rows.append(row)


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
        self._request, self._counts, self._sample = request, merged.counts, merged.limits.sample
        self._neighbours, self._peak_words = neighbours, peak_words
        self._finders = {
            reserved: FoilFinder(facts, merged.looks[reserved], reserved=reserved, width=merged.width)
            for reserved in (False, True)
        }

    def choose(self, block: Block) -> Chosen:
        """Snippets of every latent of the block, by latent; none of one that never fired."""
        chosen, rows = Chosen(), LatentRows(block, self._sample)
        for latent in range(block.first, block.last):
            if self._counts.firings[latent]:
                self._choose_shown(latent, rows, chosen)
                self._choose_held(latent, rows, chosen)
        return chosen

    def _choose_shown(self, latent: int, rows: "LatentRows", chosen: Chosen) -> None:
        used, hints = Used(), self._hints(latent)
        top = rows.of("top", latent, self._request.top)
        for row in top:
            used.add(int(rows.block.top.owners[row]), int(rows.block.top.groups[row]))
        chosen.add(latent, TOP, "top", top)
        chosen.add(latent, DECILE, "sample", self._decile_rows(latent, rows, used))
        finder, number = self._finders[False], self._request.foils
        chosen.add(latent, FOIL_HARD, "pool", finder.hard(latent, hints, avoid=used, number=number))
        chosen.add(latent, FOIL_RANDOM, "pool", finder.random(latent, avoid=used, number=number))

    def _choose_held(self, latent: int, rows: "LatentRows", chosen: Chosen) -> None:
        used, hints, held = Used(), self._hints(latent), rows.block.held
        found = rows.of("held", latent)
        by_peak = [found[place] for place in np.argsort([-held.peaks[row] for row in found], kind="stable").tolist()]
        shown = _spread(by_peak, self._request.held_out)
        for row in shown:
            used.add(int(held.owners[row]), int(held.groups[row]))
        chosen.add(latent, HELD_OUT, "held", shown)
        finder, number = self._finders[True], self._request.held_out
        chosen.add(latent, HELD_OUT_HARD, "pool", finder.hard(latent, hints, avoid=used, number=number))
        chosen.add(latent, HELD_OUT_RANDOM, "pool", finder.random(latent, avoid=used, number=number))

    def _decile_rows(self, latent: int, rows: "LatentRows", used: Used) -> list[int]:
        """From each decile, strongest first, the first `per_decile` drawn snippets that are not used yet."""
        sample, edges = rows.block.sample, rows.edges(latent)
        found = rows.of("sample", latent)
        deciles = np.searchsorted(edges, sample.peaks[found], side="right").tolist()
        chosen: list[int] = []
        for decile in reversed(range(DECILES)):
            free = self._request.per_decile
            for row, at in zip(found, deciles, strict=True):
                if free and at == decile and used.add(int(sample.owners[row]), int(sample.groups[row])):
                    chosen.append(row)
                    free -= 1
        return chosen

    def _hints(self, latent: int) -> Hints:
        return Hints(
            neighbours=self._neighbours[latent],
            specialties=tuple(kind - 1 for kind in _most(self._counts.specialties[latent], without=(0,))),
            sections=_most(self._counts.sections[latent], without=(KINDS.index(NONE), KINDS.index(OTHER))),
            words=self._peak_words.get(latent, ()),
        )


class LatentRows:
    """Rows of each latent in the lists of a block."""

    def __init__(self, block: Block, sample: int) -> None:
        """sample: snippets a latent, one an owner, from which deciles are estimated."""
        self.block, self._sample = block, sample
        width = block.last - block.first
        self._spans = {
            name: spans(getattr(block, name).latents - np.int32(block.first), width)
            for name in ("top", "sample", "held")
        }

    def of(self, name: str, latent: int, limit: int = 2**31) -> list[int]:
        """Rows in order, one an owner and a text."""
        first, last = self._spans[name][latent - self.block.first]
        return one_each(getattr(self.block, name), first, last, limit)

    def edges(self, latent: int) -> list[float]:
        """The nine deciles of peak activation, one snippet an owner: linear between neighbouring values, as numpy's
        quantile is by default; empty where it fired in no unreserved document."""
        first, last = self._spans["sample"][latent - self.block.first]
        _, firsts = np.unique(self.block.sample.owners[first:last], return_index=True)
        peaks = np.sort(self.block.sample.peaks[first:last][np.sort(firsts)[: self._sample]].astype(np.float64))
        if not len(peaks):
            return []
        edges: list[float] = np.interp(QUANTILES * (len(peaks) - 1), np.arange(len(peaks)), peaks).tolist()
        return edges


def _most(counts: NDArray[np.int64], *, without: Sequence[int]) -> tuple[int, ...]:
    """Places of the LIKELY highest counts above 0, the earlier one of equals."""
    free = counts.copy()
    free[list(without)] = 0
    order = np.argsort(-free, kind="stable")[:LIKELY].tolist()
    return tuple(place for place in order if free[place] > 0)


def _spread(rows: list[int], number: int) -> list[int]:
    """`number` of the rows at even steps from the first to the last, or all where there are no more."""
    if len(rows) <= number:
        return rows
    return [rows[step] for step in np.round(np.linspace(0, len(rows) - 1, number)).astype(int).tolist()]
