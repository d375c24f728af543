"""Groups of snippets whose texts are nearly the same, found once for a corpus, before any pass.

Each snippet becomes the set of its runs of RUN words, numbers and punctuation left out. HASHES minima of random hashes
of that set (MinHash, Broder 1997) are its signature, 16 bits each: 64 bytes a snippet. Snippets that share a band of
BAND minima are compared: where at least NEAR of all minima agree, which estimates the sets' overlap (Jaccard), they are
linked. Groups are the connected components of the links. The same texts in the same order always give the same groups.
"""

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RUN = 3
HASHES, BAND = 32, 4
NEAR = 0.7
LETTERS = re.compile(r"[^\W\d_]+")
CHUNK = 1 << 18
"""Pairs compared at once."""
_SEEDS = np.random.default_rng(20_260_301).integers(1, 2**63, size=(2, HASHES), dtype=np.uint64) * np.uint64(
    2
) + np.uint64(1)
_RUN_SEEDS = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64)


def signatures(texts: Sequence[str]) -> NDArray[np.uint16]:
    """[text, HASHES] MinHash signatures. Texts equal up to numbers, punctuation and case have equal ones."""
    runs = [_runs(text) for text in texts]
    if not runs:
        return np.empty((0, HASHES), np.uint16)
    firsts = np.cumsum([0, *(len(run) for run in runs[:-1])])
    hashes = np.concatenate(runs)
    found = np.empty((len(runs), HASHES), np.uint16)
    for at in range(HASHES):
        with np.errstate(over="ignore"):
            mixed = (hashes ^ (hashes >> np.uint64(31))) * _SEEDS[0, at]
            mixed = (mixed ^ (mixed >> np.uint64(29))) * _SEEDS[1, at]
        found[:, at] = np.minimum.reduceat(mixed, firsts) >> np.uint64(16) & np.uint64(0xFFFF)
    return found


def groups_of(found: NDArray[np.uint16]) -> NDArray[np.int32]:
    """[snippet] number of the group's first snippet, from the signatures of a corpus in order."""
    groups = np.arange(len(found), dtype=np.int32)
    for first in range(0, HASHES, BAND):
        one, other = _shared(found[:, first : first + BAND])
        near = _near(found, one, other)
        _link(groups, one[near], other[near])
    return groups


def _runs(text: str) -> NDArray[np.uint64]:
    """Hashes of the text's runs of words; of the whole text where it has no word."""
    words = LETTERS.findall(text.lower())
    values = np.array([zlib.crc32(word.encode()) for word in words or [text]], np.uint64)
    width = min(RUN, len(values))
    windows = np.lib.stride_tricks.sliding_window_view(values, width)
    with np.errstate(over="ignore"):
        return (windows * _RUN_SEEDS[:width]).sum(axis=1, dtype=np.uint64)


def _shared(band: NDArray[np.uint16]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs to compare: each snippet with the first one, and with the one before it, of those that share the band."""
    keys = np.ascontiguousarray(band).view(np.uint64)[:, 0]
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    same = np.nonzero(ordered[1:] == ordered[:-1])[0] + 1
    starts = np.maximum.accumulate(
        np.where(np.diff(ordered, prepend=ordered[:1] + np.uint64(1)) != 0, np.arange(len(order)), 0)
    )
    leaders = starts[same]
    further = leaders != same - 1
    one = np.concatenate([order[leaders], order[same[further] - 1]])
    return one, np.concatenate([order[same], order[same[further]]])


def _near(found: NDArray[np.uint16], one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
    near = np.empty(len(one), bool)
    for first in range(0, len(one), CHUNK):
        part = slice(first, first + CHUNK)
        near[part] = (found[one[part]] == found[other[part]]).mean(axis=1) >= NEAR
    return near


def _link(groups: NDArray[np.int32], one: NDArray[np.int64], other: NDArray[np.int64]) -> None:
    """Join the groups of each pair in place: every snippet ends with the lowest number that links reach."""
    while True:
        lowest = np.minimum(groups[one], groups[other])
        before = groups.copy()
        np.minimum.at(groups, groups[one], lowest)
        np.minimum.at(groups, groups[other], lowest)
        groups[:] = groups[groups]
        if np.array_equal(before, groups) and np.array_equal(groups[one], groups[other]):
            return
