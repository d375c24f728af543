"""Tokens on which two latents both fire, for all pairs of latents, by sparse products in blocks of latents."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from saeserve.mining.token_draw import TokenDraw

PAIRS = 2**25
"""Pairs of firings multiplied at once."""


@dataclass(frozen=True)
class Common:
    """Pairs of latents that fire together at least once, in order of the first latent, which lies in [first, last)."""

    first: int
    last: int
    latents: NDArray[np.int64]
    """[pair]"""
    others: NDArray[np.int64]
    tokens: NDArray[np.int64]
    """[pair] on which both fire."""


def common_tokens(
    one: TokenDraw, other: TokenDraw, *, width: int, other_width: int, fewest: int = 1
) -> Iterator[Common]:
    """Pairs of a latent of `one` and one of `other` that fire together on `fewest` tokens at least. The two draws hold
    the same tokens in the same order."""
    left, right = _fires(one, width).T.tocsr(), _fires(other, other_width)
    for first, last in _blocks(left, other):
        found = left[first:last] @ right
        kept = np.flatnonzero(found.data >= fewest)
        latents = np.repeat(np.arange(first, last, dtype=np.int32), np.diff(found.indptr))[kept]
        others, tokens = found.indices[kept], found.data[kept]
        yield Common(first, last, latents.astype(np.int64), others.astype(np.int64), tokens.astype(np.int64))


def products(
    one: TokenDraw, other: TokenDraw, *, width: int, other_width: int
) -> Iterator[tuple[Common, NDArray[np.float64]]]:
    """The same pairs, with the sum over tokens of the product of both activations."""
    left, right = _values(one, width).T.tocsr(), _values(other, other_width)
    ones = _fires(other, other_width)
    for first, last in _blocks(left, other):
        block = left[first:last]
        sums = block @ right
        block.data = np.ones_like(block.data)
        found = block @ ones
        sums.sort_indices()
        found.sort_indices()
        latents = np.repeat(np.arange(first, last), np.diff(found.indptr))
        yield (
            Common(first, last, latents, found.indices.astype(np.int64), np.rint(found.data).astype(np.int64)),
            sums.data,
        )


def _blocks(by_latent: csr_matrix, other: TokenDraw) -> Iterator[tuple[int, int]]:
    """Latents [first, last) whose firings meet about PAIRS others."""
    pairs = np.concatenate([[0], np.cumsum(other.counts.astype(np.int64)[by_latent.indices])])[by_latent.indptr]
    first, width = 0, by_latent.shape[0]
    while first < width:
        last = max(first + 1, int(np.searchsorted(pairs, pairs[first] + PAIRS, side="right")) - 1)
        yield first, last
        first = last


def _fires(draw: TokenDraw, width: int) -> csr_matrix:
    """[token, latent] 1 where it fires; float32 counts exactly to 2**24, far above the tokens of a draw."""
    return _matrix(draw, width, np.ones(len(draw.latents), np.float32))


def _values(draw: TokenDraw, width: int) -> csr_matrix:
    return _matrix(draw, width, draw.values.astype(np.float64))


def _matrix(draw: TokenDraw, width: int, entries: NDArray[np.floating]) -> csr_matrix:
    borders = np.concatenate([[0], np.cumsum(draw.counts, dtype=np.int64)])
    return csr_matrix((entries, draw.latents, borders), shape=(len(draw), width))
