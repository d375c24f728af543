"""Snippets in which a latent is silent: random ones, and hard ones that look as if it should fire."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from saeserve.mining.hashing import mixed
from saeserve.mining.keep import NEIGHBOUR_RANKS, places, spans
from saeserve.mining.tally import Candidates, Pool

NEIGHBOURS = 8
SPECIALTIES = 2
LATENT_BLOCK = 2048


@dataclass(frozen=True)
class Hints:
    """Where look-alikes of one latent may be found."""

    neighbours: NDArray[np.int64]
    """Latents with the most similar decoder direction, nearest first."""
    specialties: tuple[int, ...]
    """Specialties in which it fires most."""
    words: tuple[str, ...]
    """Words on which it peaks, most frequent first."""


class FoilFinder:
    """Draws foils for any latent from the pool. Nothing is drawn in which the latent fires."""

    def __init__(
        self, pool: Pool, words: list[frozenset[str]], specialties: NDArray[np.int32], shown: Candidates, *, width: int
    ) -> None:
        """words: [snippet] lower-case words of each pooled snippet. specialties: [document of the corpus].
        shown: `top` or `held`, whose first candidates are the look-alikes for a latent's neighbours."""
        self._pool = pool
        self._specialties = specialties[pool.documents]
        order = np.argsort(pool.latents, kind="stable")
        self._firing_rows = np.repeat(np.arange(len(pool), dtype=np.int64), pool.latent_counts)[order]
        self._firing_spans = spans(pool.latents[order], width)
        self._shown_spans = spans(shown.latents, width)
        self._shown_rows = np.searchsorted(places(pool.documents, pool.starts), places(shown.documents, shown.starts))
        self._by_word: dict[str, list[int]] = {}
        for row, found in enumerate(words):
            for word in found:
                self._by_word.setdefault(word, []).append(row)

    def silent(self, rows: NDArray[np.int64], latent: int) -> NDArray[np.int64]:
        """Those of the pooled snippets in which the latent does not fire."""
        fires = np.zeros(len(self._pool), dtype=bool)
        fires[self._firing_rows[slice(*self._firing_spans[latent])]] = True
        return rows[~fires[rows]]

    def random(self, latent: int, *, among: NDArray[np.int64], avoid: "Used", number: int) -> list[int]:
        return self._draw(latent, self._shuffled(among, latent), avoid, number)

    def hard(self, latent: int, hints: Hints, *, among: NDArray[np.int64], avoid: "Used", number: int) -> list[int]:
        """Taken in turn from three sources: snippets of decoder neighbours, with peak words, of the same specialty."""
        allowed = np.zeros(len(self._pool), dtype=bool)
        allowed[among] = True
        same = among[np.isin(self._specialties[among], hints.specialties)]
        sources = [
            self._of_neighbours(hints.neighbours, allowed),
            self._of_words(latent, hints.words, allowed),
            self._shuffled(same, latent).tolist(),
        ]
        turns = [row for row in chain.from_iterable(zip_longest(*sources)) if row is not None]
        return self._draw(latent, np.array(turns, dtype=np.int64), avoid, number)

    def _of_neighbours(self, neighbours: NDArray[np.int64], allowed: NDArray[np.bool_]) -> list[int]:
        rows: list[list[int]] = []
        for neighbour in neighbours.tolist():
            first, last = self._shown_spans[neighbour]
            near = self._shown_rows[first : min(first + NEIGHBOUR_RANKS, last)]
            rows.append([row for row in near.tolist() if allowed[row]])
        return [row for row in chain.from_iterable(zip_longest(*rows)) if row is not None]

    def _of_words(self, latent: int, words: tuple[str, ...], allowed: NDArray[np.bool_]) -> list[int]:
        found = [[row for row in self._by_word.get(word, ()) if allowed[row]] for word in words]
        return [row for rows in found for row in self._shuffled(np.array(rows, dtype=np.int64), latent).tolist()]

    def _shuffled(self, rows: NDArray[np.int64], latent: int) -> NDArray[np.int64]:
        return rows[np.argsort(mixed(self._pool.hashes[rows], latent), kind="stable")]

    def _draw(self, latent: int, ordered: NDArray[np.int64], avoid: "Used", number: int) -> list[int]:
        drawn: list[int] = []
        for row in self.silent(ordered, latent).tolist():
            if len(drawn) == number:
                break
            if avoid.add(int(self._pool.documents[row]), int(self._pool.groups[row])):
                drawn.append(row)
        return drawn


class Used:
    """Documents and texts that a latent's snippets have used up: no two of its snippets share either."""

    def __init__(self) -> None:
        self._documents: set[int] = set()
        self._groups: set[int] = set()

    def add(self, document: int, group: int) -> bool:
        """Use both; False, and nothing is used, where either was used before."""
        if document in self._documents or group in self._groups:
            return False
        self._documents.add(document)
        self._groups.add(group)
        return True


def decoder_neighbours(decoder: Float[Tensor, "latent width"]) -> NDArray[np.int64]:
    """[latent, NEIGHBOURS] most similar other latents by cosine of decoder rows, nearest first."""
    directions = normalize(decoder.float(), dim=1)
    number = min(NEIGHBOURS, len(directions) - 1)
    found = []
    for first in range(0, len(directions), LATENT_BLOCK):
        similar = directions[first : first + LATENT_BLOCK] @ directions.T
        own = torch.arange(len(similar), device=similar.device)
        similar[own, own + first] = -torch.inf
        found.append(similar.topk(number, dim=1).indices.cpu())
    return torch.cat(found).numpy()


def most_common(values: Iterable[int], number: int) -> tuple[int, ...]:
    """The most frequent values, the smaller one of equals first."""
    counted = sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(value for value, _ in counted[:number])
