"""From the finished tally to the snippets of each latent."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

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
from saeserve.mining.foils import SPECIALTIES, FoilFinder, Hints, Used, decoder_neighbours, most_common
from saeserve.mining.keep import POOL, spans
from saeserve.mining.tally import Pool, Tally

DECILES = 10
QUANTILES = np.arange(1, DECILES) / DECILES


@dataclass
class Chosen:
    """Rows of the result while they are collected: which snippet, as what."""

    latents: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    ranks: list[int] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    """Part of the tally in which the row below lies: top | sample | held | pool."""
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
        tally: Tally,
        decoder: Float[Tensor, "latent width"],
        words: list[frozenset[str]],
        peak_words: dict[int, tuple[str, ...]],
        specialties: NDArray[np.int32],
    ) -> None:
        """words: [snippet of the pool]. peak_words: by latent. specialties: [document of the corpus]."""
        self._request, self._tally = request, tally
        self._peak_words, self._specialties = peak_words, specialties
        self._neighbours = decoder_neighbours(decoder)
        width = len(decoder)
        self._shown = FoilFinder(tally.pool, words, specialties, tally.top, width=width)
        self._held = FoilFinder(tally.pool, words, specialties, tally.held, width=width)
        self._rows = {reserved: np.nonzero(tally.pool.reserved == reserved)[0] for reserved in (False, True)}
        self._uniform = {reserved: _lowest(tally.pool, rows) for reserved, rows in self._rows.items()}
        self._spans = {name: spans(getattr(tally, name).latents, width) for name in ("top", "sample", "held")}
        self._edges = [_decile_edges(tally.sample.peaks[first:last]) for first, last in self._spans["sample"]]

    def choose(self, latent: int, chosen: Chosen) -> None:
        """Append the latent's snippets; none where it never fired."""
        if self._tally.counts.firings[latent]:
            self._choose_shown(latent, chosen)
            self._choose_held(latent, chosen)

    def decile_edges(self, latent: int) -> list[float]:
        """The nine deciles of peak activation over a sample of firing snippets of unreserved documents."""
        return self._edges[latent]

    def _choose_shown(self, latent: int, chosen: Chosen) -> None:
        request, used = self._request, Used()
        first, last = self._spans["top"][latent]
        top = list(range(first, min(last, first + request.top)))
        for row in top:
            used.add(int(self._tally.top.documents[row]), int(self._tally.top.groups[row]))
        chosen.add(latent, TOP, "top", top)
        chosen.add(latent, DECILE, "sample", self._decile_rows(latent, used))
        self._choose_foils(
            latent, chosen, self._shown, used, (FOIL_HARD, FOIL_RANDOM), reserved=False, number=request.foils
        )

    def _choose_held(self, latent: int, chosen: Chosen) -> None:
        held, used = self._tally.held, Used()
        first, last = self._spans["held"][latent]
        by_peak = first + np.argsort(-held.peaks[first:last], kind="stable")
        rows = _spread(by_peak, self._request.held_out)
        for row in rows:
            used.add(int(held.documents[row]), int(held.groups[row]))
        chosen.add(latent, HELD_OUT, "held", rows)
        kinds = (HELD_OUT_HARD, HELD_OUT_RANDOM)
        self._choose_foils(latent, chosen, self._held, used, kinds, reserved=True, number=self._request.held_out)

    def _choose_foils(
        self,
        latent: int,
        chosen: Chosen,
        finder: FoilFinder,
        used: Used,
        kinds: tuple[str, str],
        *,
        reserved: bool,
        number: int,
    ) -> None:
        hard, random = kinds
        among, uniform = self._rows[reserved], self._uniform[reserved]
        chosen.add(
            latent, hard, "pool", finder.hard(latent, self._hints(latent), among=among, avoid=used, number=number)
        )
        chosen.add(latent, random, "pool", finder.random(latent, among=uniform, avoid=used, number=number))

    def _decile_rows(self, latent: int, used: Used) -> list[int]:
        """From each decile, strongest first, the first `per_decile` drawn snippets that are not used yet."""
        sample, edges = self._tally.sample, self.decile_edges(latent)
        first, last = self._spans["sample"][latent]
        deciles = np.searchsorted(edges, sample.peaks[first:last], side="right")
        rows: list[int] = []
        for decile in reversed(range(DECILES)):
            free = self._request.per_decile
            for row in (first + np.nonzero(deciles == decile)[0]).tolist():
                if free and used.add(int(sample.documents[row]), int(sample.groups[row])):
                    rows.append(row)
                    free -= 1
        return rows

    def _hints(self, latent: int) -> Hints:
        first, last = self._spans["top"][latent]
        fired = self._specialties[self._tally.top.documents[first:last]]
        return Hints(
            neighbours=self._neighbours[latent],
            specialties=most_common((int(number) for number in fired if number >= 0), SPECIALTIES),
            words=self._peak_words.get(latent, ()),
        )


def _spread(rows: NDArray[np.int64], number: int) -> list[int]:
    """`number` of the rows at even steps from the first to the last, or all where there are no more."""
    if len(rows) <= number:
        return list(rows.tolist())
    steps = np.round(np.linspace(0, len(rows) - 1, number)).astype(int)
    return list(rows[steps].tolist())


def _lowest(pool: Pool, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows that are in the pool by chance and not as look-alikes."""
    return rows[np.argsort(pool.hashes[rows], kind="stable")[:POOL]]


def _decile_edges(peaks: NDArray[np.float32]) -> list[float]:
    """Linear between neighbouring values, as numpy's quantile is by default; empty where there are none."""
    if not len(peaks):
        return []
    ordered = np.sort(peaks.astype(np.float64))
    edges: list[float] = np.interp(QUANTILES * (len(ordered) - 1), np.arange(len(ordered)), ordered).tolist()
    return edges
