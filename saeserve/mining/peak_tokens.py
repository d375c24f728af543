"""Tokens of the vocabulary on which each latent fires, over the drawn tokens."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from saeserve.mining.keep import rank_within
from saeserve.mining.token_draw import TokenDraw

SHOWN = 12
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
    """The SHOWN most frequent tokens of each latent."""
    by_id = draw.take(np.argsort(draw.ids, kind="stable"))
    order = _by_latent(by_id, width)
    keys = by_id.latents[order].astype(np.int64) << 32 | by_id.ids[by_id.tokens[order]].astype(np.int64)
    firsts = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(firsts, append=len(keys))
    sums = np.add.reduceat(by_id.values[order].astype(np.float64), firsts) if len(keys) else np.empty(0)
    latents, tokens = keys[firsts] >> 32, keys[firsts] & 0xFFFFFFFF
    order = np.lexsort((tokens, -counts, latents))
    order = order[rank_within(latents[order].astype(np.int32)) < SHOWN]
    fired = np.bincount(draw.latents, minlength=width)
    return PeakTokens(
        latents=latents[order].astype(np.int32),
        ids=tokens[order].astype(np.int32),
        firings=counts[order].astype(np.int64),
        shares=counts[order] / fired[latents[order]],
        means=sums[order] / counts[order],
    )


def _by_latent(draw: TokenDraw, width: int) -> NDArray[np.int64]:
    """Firings by latent, those of one latent in the draw's order: a transposition, many times faster than a sort."""
    borders = np.concatenate([[0], np.cumsum(draw.counts, dtype=np.int64)])
    places = csr_matrix((np.arange(len(draw.latents)), draw.latents, borders), shape=(len(draw), width))
    order: NDArray[np.int64] = places.tocsc().data
    return order
