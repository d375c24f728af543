"""Documents that say nearly what an earlier one said: copied-forward notes, cross-listed reports.

Each text becomes the set of hashes of its runs of five words; the smallest SKETCH of them estimate the overlap of two
sets (Broder 1997, bottom-s sketches). Two texts are near-duplicates above NEAR of overlap (Jaccard).
"""

import re
import zlib

import numpy as np
from numpy.typing import NDArray

RUN = 5
SKETCH = 128
PROBES = 16
"""Smallest hashes by which a candidate is looked up: two texts that overlap by 0.8 share one of 16 almost surely."""
NEAR = 0.8
WORD = re.compile(r"[^\W\d_]+|\d+")
_MULTIPLIERS = np.array(
    [0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F], np.uint64
)


class NearDuplicates:
    """Remembers a sketch of every document that was not a near-duplicate of an earlier one."""

    def __init__(self) -> None:
        self._sketches: list[NDArray[np.uint64]] = []
        self._by_hash: dict[int, list[int]] = {}

    def seen(self, text: str) -> bool:
        """Whether an earlier text is nearly the same; if not, remember this one."""
        mine = sketch(text)
        candidates = {earlier for value in mine[:PROBES].tolist() for earlier in self._by_hash.get(value, ())}
        if any(overlap(mine, self._sketches[earlier]) >= NEAR for earlier in candidates):
            return True
        for value in mine[:PROBES].tolist():
            self._by_hash.setdefault(value, []).append(len(self._sketches))
        self._sketches.append(mine)
        return False


def sketch(text: str) -> NDArray[np.uint64]:
    """The smallest hashes, ascending, of the text's runs of words; numbers count as one word each."""
    words = [zlib.crc32(word.encode()) for word in WORD.findall(text.lower())]
    values = np.array(words or [zlib.crc32(text.encode())], dtype=np.uint64)
    width = min(RUN, len(values))
    runs = np.lib.stride_tricks.sliding_window_view(values, width)
    with np.errstate(over="ignore"):
        hashes = (runs * _MULTIPLIERS[:width]).sum(axis=1, dtype=np.uint64)
        hashes = (hashes ^ (hashes >> np.uint64(29))) * _MULTIPLIERS[1]
    return np.unique(hashes)[:SKETCH]


def overlap(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    """Estimated Jaccard overlap of two sketched texts, 0 to 1."""
    smallest = np.union1d(one, other)[:SKETCH]
    shared = np.intersect1d(one, other, assume_unique=True)
    return float(np.isin(smallest, shared, assume_unique=True).mean())
