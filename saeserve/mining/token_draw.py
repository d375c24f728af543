"""A uniform draw of the corpus's tokens, each with all its firings: what relates latents to each other and to tokens.

Tokens are drawn by a hash of seed, document and first character, lowest first. So two runs on one corpus with one seed
draw the same tokens, however many each draws, and draws of disjoint documents merge exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from saeserve.artifacts import write_atomically
from saeserve.mining.hashing import mixed

TOKENS_FILE = "tokens.safetensors"
MOST_TOKENS = 2**17
MOST_FIRINGS = 8_000_000
"""So that memory does not grow with the corpus: a firing of the draw costs about 30 bytes where it is used."""
PIECES = 8
"""Tokens that may begin at one character: the bytes of one that no token covers."""


@dataclass(frozen=True)
class TokenDraw:
    """Tokens by rising hash, and their firings one token after another."""

    hashes: NDArray[np.uint64]
    documents: NDArray[np.int32]
    """[token] position of the document in the corpus."""
    positions: NDArray[np.int32]
    """[token] first character in the document."""
    ids: NDArray[np.int32]
    """[token] number in the vocabulary."""
    counts: NDArray[np.int32]
    """[token] firings; 0 where nothing fires."""
    latents: NDArray[np.int32]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def tokens(self) -> NDArray[np.int32]:
        """[firing] token on which it stands."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self.counts)

    def take(self, rows: NDArray[np.int64]) -> "TokenDraw":
        """Those tokens, in that order, with their firings."""
        firsts = np.cumsum(self.counts, dtype=np.int64) - self.counts
        counts = self.counts[rows]
        before = np.cumsum(counts, dtype=np.int64) - counts
        at = np.repeat(firsts[rows] - before, counts) + np.arange(int(counts.sum()), dtype=np.int64)
        columns = {name: getattr(self, name)[rows] for name in ("hashes", "documents", "positions", "ids", "counts")}
        return TokenDraw(**columns, latents=self.latents[at], values=self.values[at])


@dataclass(frozen=True)
class DrawLimits:
    """How many tokens are drawn."""

    tokens: int
    below: int
    """Tokens of a higher hash are not kept even for a while. High enough for `tokens` of them, all but surely."""

    @classmethod
    def of(cls, *, corpus_tokens: int, l0: float) -> "DrawLimits":
        """corpus_tokens: in the documents that are mined. l0: firings a token, as the probe measured it."""
        tokens = max(1, min(MOST_TOKENS, int(MOST_FIRINGS / max(l0, 1.0))))
        wanted = tokens + 8 * tokens**0.5
        return cls(tokens, 2**64 - 1 if wanted >= corpus_tokens else int(wanted / corpus_tokens * 2**64))


def token_hashes(
    document_hashes: NDArray[np.uint64], documents: NDArray[np.integer], positions: NDArray[np.integer]
) -> NDArray[np.uint64]:
    """[token] hashes; those of tokens that begin at one character differ by their order."""
    place = documents.astype(np.int64) << 32 | positions.astype(np.int64)
    order = np.argsort(place, kind="stable")
    starts = np.diff(place[order], prepend=-1) != 0
    since = np.arange(len(place)) - np.maximum.accumulate(np.where(starts, np.arange(len(place)), 0))
    pieces = np.empty(len(place), np.int64)
    pieces[order] = since
    return mixed(document_hashes, positions.astype(np.int64) * PIECES + pieces)


def draw_of(draw: TokenDraw, limits: DrawLimits) -> TokenDraw:
    """The `limits.tokens` lowest hashes not above `limits.below`, rising. Equal hashes go by document and character."""
    rows = np.flatnonzero(draw.hashes <= np.uint64(limits.below))
    rows = rows[np.lexsort((draw.positions[rows], draw.documents[rows], draw.hashes[rows]))]
    return draw.take(rows[: limits.tokens])


def join_draws(draws: Sequence[TokenDraw]) -> TokenDraw:
    """One after another."""
    columns = {field.name: np.concatenate([getattr(draw, field.name) for draw in draws]) for field in fields(TokenDraw)}
    return TokenDraw(**columns)


def save_draw(draw: TokenDraw, path: Path) -> None:
    tensors = {field.name: np.ascontiguousarray(getattr(draw, field.name)) for field in fields(draw)}
    write_atomically(path, lambda aside: save_file(tensors, aside))


def load_draw(path: Path) -> TokenDraw:
    return TokenDraw(**load_file(path))
