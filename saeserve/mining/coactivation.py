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

from saeserve.mining.common_tokens import Common, common_tokens
from saeserve.mining.token_draw import TokenDraw

SHOWN = 12
FEWEST = 5
"""Common tokens below which a pair is left out."""


@dataclass(frozen=True)
class Coactivation:
    """Rows sorted by latent, then by falling phi, then by the other latent."""

    latents: NDArray[np.int32]
    others: NDArray[np.int32]
    tokens: NDArray[np.int64]
    """On which both fire."""
    lift: NDArray[np.float64]
    phi: NDArray[np.float64]


def coactivation(draw: TokenDraw, *, width: int) -> Coactivation:
    """The SHOWN highest phi of each latent among those with FEWEST common tokens."""
    fired = np.bincount(draw.latents, minlength=width).astype(np.float64)
    pairs = common_tokens(draw, draw, width=width, other_width=width, fewest=FEWEST)
    blocks = [_strongest(common, fired, len(draw)) for common in pairs]
    latents, others, tokens, lift, phi = (np.concatenate(column) for column in zip(*blocks, strict=True))
    return Coactivation(latents.astype(np.int32), others.astype(np.int32), tokens.astype(np.int64), lift, phi)


def highest(
    borders: NDArray[np.integer], scores: NDArray[np.float64], others: NDArray[np.integer], number: int
) -> NDArray[np.int64]:
    """Positions of each row's `number` highest scores, row after row, falling; of equals the lower other one first.

    borders: [row + 1] first position of each row.
    """
    return np.concatenate([np.empty(0, np.int64), *_rows(borders, scores, others, number)])


def _rows(
    borders: NDArray[np.integer], scores: NDArray[np.float64], others: NDArray[np.integer], number: int
) -> Iterator[NDArray[np.int64]]:
    for first, last in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
        row = scores[first:last]
        places = np.arange(last - first)
        if len(row) > number:
            places = np.flatnonzero(row >= np.partition(row, -number)[-number])
        yield first + places[np.lexsort((others[first:last][places], -row[places]))][:number]


def _strongest(common: Common, fired: NDArray[np.float64], tokens: int) -> tuple[NDArray[np.number], ...]:
    """Of each latent of the block: (latents, others, common tokens, lift, phi), of pairs with FEWEST common tokens."""
    latents, others, counts = common.latents, common.others, common.tokens
    kept = (latents != others) & (fired[latents] < tokens) & (fired[others] < tokens)
    latents, others, counts = latents[kept], others[kept], counts[kept]
    own, theirs = fired[latents], fired[others]
    phi = (counts * tokens - own * theirs) / np.sqrt(own * theirs * (tokens - own) * (tokens - theirs))
    borders = np.searchsorted(latents, np.arange(common.first, common.last + 1))
    best = highest(borders, phi, others, SHOWN)
    lift = counts * tokens / (own * theirs)
    return latents[best], others[best], counts[best], lift[best], phi[best]
