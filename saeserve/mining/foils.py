"""Snippets in which a latent is silent: random ones, and hard ones that look as if it should fire."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
from numpy.typing import NDArray

from saeserve.mining.hashing import mixed
from saeserve.mining.keep import POOL, spans
from saeserve.mining.merge_files import Looks
from saeserve.mining.tally import Pool
from saeserve.mining.words import WordRows


@dataclass(frozen=True)
class Hints:
    """Where look-alikes of one latent may be found."""

    neighbours: NDArray[np.int64]
    """Latents with the most similar decoder direction, nearest first."""
    specialties: tuple[int, ...]
    """Specialties in which it fires most."""
    sections: tuple[int, ...]
    """Kinds of section in which it fires most."""
    words: tuple[str, ...]
    """Words on which it peaks, most frequent first."""


@dataclass(frozen=True)
class PoolFacts:
    """What is known of the pool's snippets; shared by the finders of shown and of held-out foils."""

    pool: Pool
    specialties: NDArray[np.int32]
    """[row] number of the document's specialty, -1 for none."""
    sections: NDArray[np.int8]
    """[row] kind of the section in which the snippet begins."""
    words: WordRows
    mentions: WordRows
    """By words that the snippet negates or says of a relative."""
    firing_rows: NDArray[np.int32]
    """Rows in which each latent fires, rising, one latent after another."""
    firing_spans: list[tuple[int, int]]

    @classmethod
    def of(
        cls,
        pool: Pool,
        *,
        specialties: NDArray[np.int32],
        sections: NDArray[np.int8],
        words: WordRows,
        mentions: WordRows,
        width: int,
    ) -> "PoolFacts":
        order = np.argsort(pool.latents, kind="stable")
        rows = np.repeat(np.arange(len(pool), dtype=np.int32), pool.latent_counts)[order]
        return cls(pool, specialties, sections, words, mentions, rows, spans(pool.latents[order], width))

    def silent(self, latent: int) -> "memoryview[int]":
        """[row] whether the latent is silent in it."""
        found = np.ones(len(self.pool), bool)
        found[self.firing_rows[slice(*self.firing_spans[latent])]] = False
        return found.data


class FoilFinder:
    """Draws foils for any latent from the shown or from the reserved part of the pool."""

    def __init__(self, facts: PoolFacts, looks: Looks, *, reserved: bool, width: int) -> None:
        """looks: the first snippets of every latent, look-alikes for its neighbours."""
        self._facts, pool = facts, facts.pool
        self._owners, self._groups = pool.owners.data, pool.groups.data
        self._allowed = pool.reserved == reserved
        rows = np.flatnonzero(self._allowed)
        shuffled = rows[np.argsort(pool.hashes[rows], kind="stable")]
        self._uniform = shuffled[:POOL].data
        self._look_rows = np.searchsorted(pool.snippets, looks.snippets).data
        self._look_spans = spans(looks.latents, width)
        self._turns = (mixed(np.zeros(1, np.uint64), np.arange(width)) >> np.uint64(32)).tolist()
        self._of_word: dict[tuple[int, str], memoryview[int]] = {}
        self._by_specialty = _grouped(shuffled, facts.specialties[shuffled])
        self._by_section = _grouped(shuffled, facts.sections[shuffled])

    def random(self, latent: int, *, avoid: "Used", number: int) -> list[int]:
        """Rows of the pool, drawn from those that are in it by chance alone."""
        return self._draw(latent, self._turned(self._uniform, latent), avoid, number)

    def hard(self, latent: int, hints: Hints, *, avoid: "Used", number: int) -> tuple[list[int], list[bool]]:
        """Rows taken in turn from four sources: first snippets of decoder neighbours; peak words, negated or said of a
        relative; peak words; the specialties and sections in which the latent fires most. With each, whether the second
        source gave it."""
        mentions: set[int] = set()
        sources = [
            self._of_neighbours(hints.neighbours),
            _noted(self._of_words(self._facts.mentions, hints.words, latent), mentions),
            self._of_words(self._facts.words, hints.words, latent),
            self._alike(hints, latent),
        ]
        turns = (row for row in chain.from_iterable(zip_longest(*sources)) if row is not None)
        rows = self._draw(latent, turns, avoid, number)
        return rows, [row in mentions for row in rows]

    def _of_neighbours(self, neighbours: NDArray[np.int64]) -> Iterator[int]:
        rows = [self._look_rows[slice(*self._look_spans[latent])] for latent in neighbours.tolist()]
        return (row for row in chain.from_iterable(zip_longest(*rows)) if row is not None)

    def _of_words(self, held: WordRows, words: tuple[str, ...], latent: int) -> Iterator[int]:
        for word in words:
            key = (id(held), word)
            if key not in self._of_word:
                rows = held.of_word(word)
                self._of_word[key] = rows[self._allowed[rows]].data
            if len(self._of_word[key]):
                yield from self._turned(self._of_word[key], latent)

    def _alike(self, hints: Hints, latent: int) -> Iterator[int]:
        nothing = memoryview(b"")
        groups = [self._by_specialty.get(kind, nothing) for kind in hints.specialties]
        groups += [self._by_section.get(kind, nothing) for kind in hints.sections]
        rows = [self._turned(group, latent) for group in groups]
        return (row for row in chain.from_iterable(zip_longest(*rows)) if row is not None)

    def _turned(self, rows: "memoryview[int]", latent: int) -> Iterator[int]:
        """The rows from a place on that the latent determines, round to the same place: latents begin at different
        rows."""
        place = self._turns[latent] % max(1, len(rows))
        return map(rows.__getitem__, chain(range(place, len(rows)), range(place)))

    def _draw(self, latent: int, ordered: Iterable[int], avoid: "Used", number: int) -> list[int]:
        found: list[int] = []
        silent, owners, groups = self._facts.silent(latent), self._owners, self._groups
        for row in ordered:
            if len(found) >= number:
                break
            if silent[row] and avoid.add(owners[row], groups[row]):
                found.append(row)
        return found


class Used:
    """Owners and texts that a latent's snippets have used up: no two of its snippets share either."""

    def __init__(self) -> None:
        self._owners: set[int] = set()
        self._groups: set[int] = set()

    def add(self, owner: int, group: int) -> bool:
        """Use both; False, and nothing is used, where either was used before."""
        if owner in self._owners or group in self._groups:
            return False
        self._owners.add(owner)
        self._groups.add(group)
        return True


def _noted(rows: Iterator[int], seen: set[int]) -> Iterator[int]:
    """The rows, each noted when it is given."""
    for row in rows:
        seen.add(row)
        yield row


def _grouped(rows: NDArray[np.int64], kinds: NDArray[np.integer]) -> "dict[int, memoryview[int]]":
    """Rows of each kind, in the order given."""
    return {int(kind): rows[kinds == kind].data for kind in np.unique(kinds)}
