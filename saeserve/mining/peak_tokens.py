"""Tokens of the vocabulary on which each latent fires, over the drawn tokens."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saeserve.mining.keep import rank_within
from saeserve.mining.token_draw import TokenDraw

SHOWN = 12
BLOCK_FIRINGS, MOST_LATENTS = 2**20, 2**16
FEWEST = 10
"""Drawn firings below which a latent is not called single-token: a share of a handful says nothing."""


@dataclass(frozen=True)
class PeakTokens:
    """Rows sorted by latent, then by falling firings, then by token."""

    latents: NDArray[np.int32]
    ids: NDArray[np.int32]
    """Numbers in the vocabulary."""
    firings: NDArray[np.int64]
    shares: NDArray[np.float64]
    """Of the latent's drawn firings."""
    means: NDArray[np.float64]
    """Mean activation on the token where it fires."""

    def single_token(self, share: float, width: int) -> NDArray[np.bool_]:
        """[latent] whether one token has at least that share of at least FEWEST firings."""
        rows = (self.shares >= share) & (self.firings >= share * FEWEST) & (self.firings / self.shares >= FEWEST - 0.5)
        found = np.zeros(width, bool)
        found[self.latents[rows]] = True
        return found


def peak_tokens(draw: TokenDraw, *, width: int) -> PeakTokens:
    """The SHOWN most frequent tokens of each latent. In blocks of latents: memory hardly grows with the draw."""
    by_id = draw.take(np.argsort(draw.ids, kind="stable"))
    ids = np.repeat(by_id.ids, by_id.counts)
    parts = [_block(by_id, ids, first, last) for first, last in _blocks(draw, width)]
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    latents, tokens, counts, sums = columns
    fired = np.bincount(draw.latents, minlength=width)
    return PeakTokens(
        latents=latents.astype(np.int32),
        ids=tokens.astype(np.int32),
        firings=counts.astype(np.int64),
        shares=counts / fired[latents],
        means=sums / counts,
    )


def _blocks(draw: TokenDraw, width: int) -> Iterator[tuple[int, int]]:
    """Latents [first, last) with about BLOCK_FIRINGS firings, at most MOST_LATENTS of them."""
    ends = np.concatenate([[0], np.cumsum(np.bincount(draw.latents, minlength=width))])
    first = 0
    while first < width:
        full = int(np.searchsorted(ends, ends[first] + BLOCK_FIRINGS, side="right")) - 1
        last = min(max(first + 1, full), first + MOST_LATENTS, width)
        yield first, last
        first = last


def _block(
    by_id: TokenDraw, ids: NDArray[np.int32], first: int, last: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Latents, tokens, firings and sums of activations of the latents [first, last). ids: [firing] rising."""
    at = np.flatnonzero((by_id.latents >= first) & (by_id.latents < last))
    # A stable sort of 16-bit integers, which numpy does by radix: within a latent the tokens stay rising.
    order = at[np.argsort((by_id.latents[at] - first).astype(np.uint16), kind="stable")]
    keys = by_id.latents[order].astype(np.int64) << 32 | ids[order]
    firsts = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(firsts, append=len(keys))
    sums = np.add.reduceat(by_id.values[order].astype(np.float64), firsts) if len(keys) else np.empty(0)
    latents, tokens = keys[firsts] >> 32, keys[firsts] & 0xFFFFFFFF
    rows = np.lexsort((tokens, -counts, latents))
    rows = rows[rank_within(latents[rows].astype(np.int32)) < SHOWN]
    return latents[rows], tokens[rows], counts[rows], sums[rows]
