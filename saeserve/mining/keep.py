"""Which snippets stay while a tally grows. Each rule is exact under merging: what it drops could never come back."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from saeserve.contract import MiningRequest
from saeserve.mining.hashing import mixed
from saeserve.mining.tally import Candidates, Pool

POOL = 1024
"""Snippets, reserved and unreserved each, drawn for foils."""
NEIGHBOUR_RANKS = 4
"""Of each latent's candidates, so many of the first are kept in the pool, as look-alikes for its neighbours."""
SAMPLE = 128
"""Snippets from which activation deciles are estimated."""


@dataclass(frozen=True)
class Limits:
    """Candidates kept a latent."""

    top: int
    sample: int
    held: int

    @classmethod
    def of(cls, request: MiningRequest) -> "Limits":
        return cls(
            top=max(request.top, NEIGHBOUR_RANKS),
            sample=max(SAMPLE, 40 * request.per_decile),
            held=max(64, 4 * request.held_out),
        )


def strongest(candidates: Candidates, limit: int) -> Candidates:
    """The `limit` highest peaks of each latent, one a text group, in falling order."""
    # Positive floats order like their bits, so latent and falling peak fit one integer.
    falling = np.uint64(0xFFFFFFFF) - candidates.peaks.view(np.uint32)
    return _first(candidates, np.lexsort((candidates.hashes, _under(candidates.latents, falling))), limit)


def drawn(candidates: Candidates, limit: int) -> Candidates:
    """The `limit` lowest hashes of each latent, one a text group: a uniform sample."""
    return _first(candidates, np.lexsort((candidates.hashes, candidates.latents)), limit)


def rank_within(latents: NDArray[np.int32]) -> NDArray[np.int64]:
    """Position of each row among the rows of its latent; `latents` is sorted."""
    return np.arange(len(latents)) - np.searchsorted(latents, latents, side="left")


def spans(latents: NDArray[np.int32], width: int) -> list[tuple[int, int]]:
    """[latent] first row and one past the last; `latents` is sorted."""
    borders = np.searchsorted(latents, np.arange(width + 1, dtype=np.int32)).tolist()
    return list(pairwise(borders))


def pooled(pool: Pool, *lists: Candidates) -> Pool:
    """The lowest hashes of unreserved and of reserved snippets, and every first candidate; in document order."""
    keep = np.zeros(len(pool), dtype=bool)
    for reserved in (False, True):
        rows = np.nonzero(pool.reserved == reserved)[0]
        keep[rows[np.argsort(pool.hashes[rows], kind="stable")[:POOL]]] = True
    keep |= np.isin(places(pool.documents, pool.starts), first_places(*lists))
    rows = np.nonzero(keep)[0]
    return pool.take(rows[np.argsort(places(pool.documents, pool.starts)[rows], kind="stable")])


def first_places(*lists: Candidates) -> NDArray[np.int64]:
    """Where the first candidates of every latent lie."""
    found = []
    for candidates in lists:
        first = rank_within(candidates.latents) < NEIGHBOUR_RANKS
        found.append(places(candidates.documents[first], candidates.starts[first]))
    return np.unique(np.concatenate(found))


def places(documents: NDArray[np.int32], starts: NDArray[np.int32]) -> NDArray[np.int64]:
    """One number a snippet: document and first character."""
    return documents.astype(np.int64) << 32 | starts.astype(np.int64)


def _first(candidates: Candidates, order: NDArray[np.int64], limit: int) -> Candidates:
    latents = candidates.latents[order]
    _, firsts = np.unique(mixed(candidates.groups[order], latents), return_index=True)
    firsts.sort()
    order, latents = order[firsts], latents[firsts]
    return candidates.take(order[rank_within(latents) < limit])


def _under(latents: NDArray[np.int32], values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return latents.astype(np.uint64) << np.uint64(32) | values
