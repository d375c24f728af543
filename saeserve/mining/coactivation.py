"""Latents that fire on the same tokens, over the drawn tokens.

For latents a and b, firing on n_a and n_b of n tokens and together on n_ab:

    lift = P(ab) / (P(a) P(b)) = n_ab n / (n_a n_b)
    phi  = (n_ab n - n_a n_b) / sqrt(n_a n_b (n - n_a) (n - n_b))

phi is Pearson's correlation of the two indicators; it is undefined, and left out, where a latent fires on every token.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saeserve.mining.tally import ranges
from saeserve.mining.token_draw import TokenDraw

SHOWN = 12
FEWEST = 5
"""Common tokens below which a pair is left out."""
PAIRS, CELLS = 2**24, 2**23
"""Pairs of firings, and entries of the matrix of counts, held at once."""


@dataclass(frozen=True)
class Coactivation:
    """Rows sorted by latent, then by falling phi."""

    latents: NDArray[np.int32]
    others: NDArray[np.int32]
    tokens: NDArray[np.int64]
    """On which both fire."""
    lift: NDArray[np.float64]
    phi: NDArray[np.float64]


def coactivation(draw: TokenDraw, *, width: int) -> Coactivation:
    """The SHOWN highest phi of each latent among those with FEWEST common tokens."""
    fired = np.bincount(draw.latents, minlength=width).astype(np.float64)
    parts = [_strongest(first, counts, fired, len(draw)) for first, counts in common_tokens(draw, draw, width, width)]
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [np.empty(0)] * 5
    kinds = (np.int32, np.int32, np.int64, np.float64, np.float64)
    return Coactivation(*(column.astype(kind) for column, kind in zip(joined, kinds, strict=True)))


def common_tokens(
    one: TokenDraw, other: TokenDraw, width: int, other_width: int
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """(first latent, counts [latent of a block, latent of `other`] of tokens on which both fire), block after block.

    The two draws hold the same tokens in the same order.
    """
    order = np.argsort(one.latents, kind="stable")
    tokens = one.tokens[order]
    borders = np.searchsorted(one.latents[order], np.arange(width + 1))
    firsts = np.cumsum(other.counts, dtype=np.int64) - other.counts
    pairs = np.concatenate([[0], np.cumsum(other.counts[tokens], dtype=np.int64)])[borders]
    first = 0
    while first < width:
        last = int(np.searchsorted(pairs, pairs[first] + PAIRS, side="right")) - 1
        last = max(first + 1, min(last, first + max(1, CELLS // other_width), width))
        yield first, _block(one, other, order, tokens, borders[first : last + 1], firsts, other_width)
        first = last


def _block(
    one: TokenDraw,
    other: TokenDraw,
    order: NDArray[np.int64],
    tokens: NDArray[np.int32],
    borders: NDArray[np.int64],
    firsts: NDArray[np.int64],
    other_width: int,
) -> NDArray[np.int64]:
    rows = len(borders) - 1
    counts = np.zeros(rows * other_width, np.int64)
    local = np.repeat(np.arange(rows, dtype=np.int64), np.diff(borders))
    for at in range(0, len(local), max(1, PAIRS // max(1, int(other.counts.max(initial=1))))):
        part = slice(at, at + max(1, PAIRS // max(1, int(other.counts.max(initial=1)))))
        here = tokens[borders[0] : borders[-1]][part]
        together = ranges(firsts[here], other.counts[here])
        keys = np.repeat(local[part] * other_width, other.counts[here]) + other.latents[together]
        counts += np.bincount(keys, minlength=len(counts))
    return counts.reshape(rows, other_width)


def _strongest(
    first: int, counts: NDArray[np.int64], fired: NDArray[np.float64], tokens: int
) -> tuple[NDArray[np.number], ...]:
    """Of each latent of the block: (latents, others, common tokens, lift, phi)."""
    rows, others = np.nonzero(counts >= FEWEST)
    latents = rows + first
    common = counts[rows, others]
    own, theirs = fired[latents], fired[others]
    varies = (latents != others) & (own < tokens) & (theirs < tokens)
    latents, others, common, own, theirs = (part[varies] for part in (latents, others, common, own, theirs))
    phi = (common * tokens - own * theirs) / np.sqrt(own * theirs * (tokens - own) * (tokens - theirs))
    order = np.lexsort((others, -phi, latents))
    starts = np.searchsorted(latents[order], latents[order], side="left")
    order = order[np.arange(len(order)) - starts < SHOWN]
    lift = common * tokens / (own * theirs)
    return latents[order], others[order], common[order], lift[order], phi[order]
