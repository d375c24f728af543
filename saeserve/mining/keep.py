"""Which snippets stay while a tally grows. Each rule is exact under merging: what it drops could never come back.

Shown snippets must differ in owner (patient or document) and in text. Both at once cannot be kept exactly under
merging, because a row that blocks another one may itself be blocked by a third that lies in another shard. So the first
of each owner are kept, and the first of each text group, both exact, and one an owner and a text is chosen at the end
(`one_each`).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from saeserve.contract import MiningRequest
from saeserve.mining.tally import Candidates, Pool
from saeserve.mining.token_draw import DrawLimits

POOL = 1024
"""Snippets, reserved and unreserved each, drawn for foils."""
MOST_LOOKS, LOOK_ALIKES = 4, 2**16
"""Look-alikes a latent, and in all, kept in the pool from shown and from held-out snippets each."""
SAMPLE = 128
"""Snippets from which activation deciles are estimated."""
REACH = 2
"""Rows looked at first, in multiples of the limit; the rest is looked at only where these share owners or texts."""


@dataclass(frozen=True)
class Limits:
    """Candidates kept a latent, and tokens drawn."""

    top: int
    sample: int
    held: int
    looks: int
    """Of each latent's owners, the snippets of so many of the first are kept in the pool, as look-alikes for others."""
    draw: DrawLimits

    @classmethod
    def of(cls, request: MiningRequest, *, width: int, corpus_tokens: int, l0: float) -> "Limits":
        """width: number of latents. corpus_tokens: in the documents that are mined. l0: firings a token."""
        return cls(
            top=max(request.top + request.top // 2, MOST_LOOKS),
            sample=max(SAMPLE, 40 * request.per_decile),
            held=max(64, 4 * request.held_out),
            looks=max(1, min(MOST_LOOKS, LOOK_ALIKES // width)),
            draw=DrawLimits.of(corpus_tokens=corpus_tokens, l0=l0),
        )


def strongest(candidates: Candidates, limit: int) -> Candidates:
    """The highest peaks of each latent in falling order: the first of `limit` owners and of `limit` text groups."""
    # Positive floats order like their bits.
    return _kept(candidates, np.uint64(0xFFFFFFFF) - candidates.peaks.view(np.uint32), limit)


def drawn(candidates: Candidates, limit: int) -> Candidates:
    """The lowest hashes of each latent, rising: the first of `limit` owners, a uniform sample, and of text groups."""
    return _kept(candidates, candidates.hashes >> np.uint64(32), limit)


def one_each(candidates: Candidates) -> NDArray[np.bool_]:
    """Whether a row's owner and text are both new among the rows of its latent before it of which this holds.

    Rows that are the first with their owner and the first with their text are in; they put out all that share either.
    What is left shares an owner or a text only with rows that were put out, or among itself: that is gone through.
    """
    pairs = [candidates.latents.astype(np.int64) << 32 | keys for keys in (candidates.owners, candidates.groups)]
    firsts = [_first_with(each) for each in pairs]
    places = np.arange(len(candidates))
    chosen: NDArray[np.bool_] = (firsts[0] == places) & (firsts[1] == places)
    open_rows = np.flatnonzero(~chosen & ~chosen[firsts[0]] & ~chosen[firsts[1]])
    used: tuple[set[int], set[int]] = (set(), set())
    for row, owner, group in zip(
        open_rows.tolist(), pairs[0][open_rows].tolist(), pairs[1][open_rows].tolist(), strict=True
    ):
        if owner not in used[0] and group not in used[1]:
            used[0].add(owner)
            used[1].add(group)
            chosen[row] = True
    return chosen


def rank_within(latents: NDArray[np.int32]) -> NDArray[np.int64]:
    """Position of each row among the rows of its latent; `latents` is sorted."""
    places = np.arange(len(latents))
    return places - np.maximum.accumulate(np.where(np.diff(latents, prepend=-1) != 0, places, 0))


def spans(latents: NDArray[np.int32], width: int) -> list[tuple[int, int]]:
    """[latent] first row and one past the last; `latents` is sorted."""
    borders = np.searchsorted(latents, np.arange(width + 1, dtype=np.int32)).tolist()
    return list(pairwise(borders))


def pooled(pool: Pool, looks: NDArray[np.int32]) -> Pool:
    """The lowest hashes of unreserved and of reserved snippets, and every look-alike; by snippet number."""
    return pool.take(pooled_rows(pool.snippets, pool.hashes, pool.reserved, looks))


def pooled_rows(
    snippets: NDArray[np.int32], hashes: NDArray[np.uint64], reserved: NDArray[np.bool_], looks: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Rows of the snippets that stay in the pool, by snippet number. `looks`: snippets that are look-alikes."""
    keep = np.isin(snippets, looks)
    for kind in (False, True):
        rows = np.flatnonzero(reserved == kind)
        keep[rows[np.argsort(hashes[rows], kind="stable")[:POOL]]] = True
    rows = np.flatnonzero(keep)
    return rows[np.argsort(snippets[rows], kind="stable")]


def first_rows(candidates: Candidates, number: int) -> NDArray[np.int64]:
    """Rows of the first `number` owners of each latent, in order: what similar latents may be confused by."""
    rows = np.flatnonzero(first_of_each(candidates.latents, candidates.owners))
    return rows[rank_within(candidates.latents[rows]) < number]


def look_alikes(top: Candidates, held: Candidates, number: int) -> NDArray[np.int32]:
    """Snippets of those rows."""
    return np.unique(np.concatenate([part.snippets[first_rows(part, number)] for part in (top, held)]))


def first_of_each(latents: NDArray[np.int32], keys: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether each row is the first of its latent with its key. `latents` is sorted, keys are not negative."""
    order = rows_by(keys)  # rows of one key and latent are neighbours there, because latents rise with the rows
    ordered, owners = keys[order], latents[order]
    first = np.ones(len(keys), bool)
    first[order[1:]] = (ordered[1:] != ordered[:-1]) | (owners[1:] != owners[:-1])
    return first


def rows_by(keys: NDArray[np.int32]) -> NDArray[np.int64]:
    """Rows by rising key, those of one key in order. keys: 0 or more.

    By halves, low ones first: numpy sorts 16-bit integers by radix, several times faster than wider ones.
    """
    order = np.argsort(keys.astype(np.uint16), kind="stable")
    high = (keys >> 16).astype(np.uint16)
    return order[np.argsort(high[order], kind="stable")] if high.any() else order


def _first_with(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """[row] the first row with the same key."""
    order = np.argsort(keys, kind="stable")
    places = np.arange(len(keys))
    begins = np.maximum.accumulate(np.where(np.diff(keys[order], prepend=-1) != 0, places, 0))
    first = np.empty_like(order)
    first[order] = order[begins]
    return first


def _kept(candidates: Candidates, costs: NDArray[np.uint64], limit: int) -> Candidates:
    """First `limit` owners and first `limit` groups of each latent, by rising 32-bit cost, then by hash."""
    order = _ordered(candidates, costs)
    latents = candidates.latents[order]
    far = rank_within(latents) >= REACH * limit
    near = np.flatnonzero(~far)
    chosen, full = _firsts(candidates, order[near], limit)
    if far.any():
        short = np.setdiff1d(np.unique(latents[far]), full)
        all_of_short = np.isin(latents, short)
        near = np.flatnonzero(all_of_short | ~far)
        chosen, _ = _firsts(candidates, order[near], limit)
    return candidates.take(order[near][chosen])


def _firsts(candidates: Candidates, rows: NDArray[np.int64], limit: int) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Which of the ordered rows stay, and latents that reach `limit` owners and `limit` groups in them."""
    latents = candidates.latents[rows]
    chosen = np.zeros(len(rows), bool)
    full = None
    for keys in (candidates.owners[rows], candidates.groups[rows]):
        first = np.flatnonzero(first_of_each(latents, keys))
        ranks = rank_within(latents[first])
        chosen[first[ranks < limit]] = True
        reached = latents[first[ranks == limit - 1]]
        full = reached if full is None else np.intersect1d(full, reached, assume_unique=True)
    return chosen, full if full is not None else latents[:0]


def _ordered(candidates: Candidates, costs: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Rows by latent, cost and hash. One sort of one integer, and a second one of the few rows that are equal."""
    keys = candidates.latents.astype(np.uint64) << np.uint64(32) | costs.astype(np.uint64)
    order = np.argsort(keys)
    ordered = keys[order]
    equal = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(equal):
        at = np.unique(np.concatenate([equal, equal + 1]))
        rows = order[at]
        order[at] = rows[np.lexsort((candidates.snippets[rows], candidates.hashes[rows], keys[rows]))]
    return order
