"""What is kept of any part of the corpus: counts of every latent, and the snippets that may still be chosen.

A tally of documents A merged with a tally of documents B equals the tally of A and B together, whatever the order.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from saeserve.artifacts import write_atomically


@dataclass(frozen=True)
class Candidates:
    """Snippets in which a latent fires, one row each, sorted by latent and then by what they are kept for."""

    latents: NDArray[np.int32]
    documents: NDArray[np.int32]
    """Position in the corpus."""
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    groups: NDArray[np.uint64]
    """Equal for texts that are nearly the same."""
    hashes: NDArray[np.uint64]
    """Of latent and snippet: the order in which samples are drawn."""
    peaks: NDArray[np.float32]
    """Highest activation in the snippet."""
    token_counts: NDArray[np.int32]
    """Firing tokens of each row; they lie one row after another in the three arrays below."""
    token_starts: NDArray[np.int32]
    """Characters relative to the snippet's start."""
    token_ends: NDArray[np.int32]
    token_values: NDArray[np.float32]

    ROW_FIELDS = ("latents", "documents", "starts", "ends", "groups", "hashes", "peaks", "token_counts")
    TOKEN_FIELDS = ("token_starts", "token_ends", "token_values")

    def __len__(self) -> int:
        return len(self.latents)

    @property
    def token_firsts(self) -> NDArray[np.int64]:
        """[row] position of the row's first token."""
        return np.cumsum(self.token_counts, dtype=np.int64) - self.token_counts

    def take(self, rows: NDArray[np.int64]) -> "Candidates":
        """Those rows, in that order, with their tokens."""
        tokens = ranges(self.token_firsts[rows], self.token_counts[rows])
        return Candidates(
            **{name: getattr(self, name)[rows] for name in self.ROW_FIELDS},
            **{name: getattr(self, name)[tokens] for name in self.TOKEN_FIELDS},
        )


@dataclass(frozen=True)
class Pool:
    """Snippets of which every firing latent is known: where a latent is not among them, it is silent."""

    documents: NDArray[np.int32]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    groups: NDArray[np.uint64]
    hashes: NDArray[np.uint64]
    """Of the snippet alone."""
    reserved: NDArray[np.bool_]
    latent_counts: NDArray[np.int32]
    """Firing latents of each snippet; they lie one snippet after another in `latents`."""
    latents: NDArray[np.int32]

    ROW_FIELDS = ("documents", "starts", "ends", "groups", "hashes", "reserved", "latent_counts")

    def __len__(self) -> int:
        return len(self.documents)

    def take(self, rows: NDArray[np.int64]) -> "Pool":
        firsts = np.cumsum(self.latent_counts, dtype=np.int64) - self.latent_counts
        latents = self.latents[ranges(firsts[rows], self.latent_counts[rows])]
        return Pool(**{name: getattr(self, name)[rows] for name in self.ROW_FIELDS}, latents=latents)


@dataclass(frozen=True)
class Counts:
    """Of every latent."""

    firings: NDArray[np.int64]
    documents: NDArray[np.int64]
    """Distinct unreserved documents in which it fires."""
    maximum: NDArray[np.float32]
    histogram: NDArray[np.int64]
    """[latent, bin]"""
    totals: NDArray[np.int64]
    """[tokens encoded, tokens left out by position, tokens left out by norm]"""


@dataclass(frozen=True)
class Tally:
    """Everything kept of a part of the corpus."""

    counts: Counts
    top: Candidates
    """Strongest first; unreserved documents."""
    sample: Candidates
    """A uniform draw of the documents in which the latent fires, one snippet each; unreserved documents."""
    held: Candidates
    """The same from reserved documents."""
    pool: Pool


def save_tally(tally: Tally, path: Path) -> None:
    tensors = {
        f"{part.name}.{column.name}": np.ascontiguousarray(getattr(getattr(tally, part.name), column.name))
        for part in fields(tally)
        for column in fields(getattr(tally, part.name))
    }
    write_atomically(path, lambda aside: save_file(tensors, aside))


def load_tally(path: Path) -> Tally:
    tensors = load_file(path)
    parts: dict[str, dict[str, NDArray[np.generic]]] = {}
    for name, values in tensors.items():
        part, column = name.split(".")
        parts.setdefault(part, {})[column] = values
    return Tally(
        counts=Counts(**parts["counts"]),  # type: ignore[arg-type]
        top=Candidates(**parts["top"]),  # type: ignore[arg-type]
        sample=Candidates(**parts["sample"]),  # type: ignore[arg-type]
        held=Candidates(**parts["held"]),  # type: ignore[arg-type]
        pool=Pool(**parts["pool"]),  # type: ignore[arg-type]
    )


def ranges(firsts: NDArray[np.int64], counts: NDArray[np.int32]) -> NDArray[np.int64]:
    """first, first + 1, ... first + count - 1 of each entry, one after another."""
    total = int(counts.sum())
    before = np.cumsum(counts, dtype=np.int64) - counts
    return np.repeat(firsts - before, counts) + np.arange(total, dtype=np.int64)
