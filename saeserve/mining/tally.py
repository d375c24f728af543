"""What is kept of any part of the corpus: counts of every latent, and the snippets that may still be chosen.

A tally of documents A merged with a tally of documents B equals the tally of A and B together, whatever the order.
Snippets are named by their number in the corpus's SnippetTable.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from saeserve.artifacts import write_atomically
from saeserve.mining.sparse_counts import add_packed, packed, unpacked
from saeserve.mining.token_draw import TokenDraw


@dataclass(frozen=True)
class Candidates:
    """Snippets in which a latent fires, one row each, sorted by latent and then by what they are kept for."""

    latents: NDArray[np.int32]
    snippets: NDArray[np.int32]
    owners: NDArray[np.int32]
    """Equal for documents that count as one witness: those of one patient."""
    groups: NDArray[np.int32]
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

    ROW_FIELDS = ("latents", "snippets", "owners", "groups", "hashes", "peaks", "token_counts")
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

    snippets: NDArray[np.int32]
    owners: NDArray[np.int32]
    groups: NDArray[np.int32]
    hashes: NDArray[np.uint64]
    """Of the snippet alone."""
    reserved: NDArray[np.bool_]
    latent_counts: NDArray[np.int32]
    """Firing latents of each snippet; they lie one snippet after another in `latents`."""
    latents: NDArray[np.int32]

    ROW_FIELDS = ("snippets", "owners", "groups", "hashes", "reserved", "latent_counts")

    def __len__(self) -> int:
        return len(self.snippets)

    def take(self, rows: NDArray[np.int64]) -> "Pool":
        firsts = np.cumsum(self.latent_counts, dtype=np.int64) - self.latent_counts
        latents = self.latents[ranges(firsts[rows], self.latent_counts[rows])]
        return Pool(**{name: getattr(self, name)[rows] for name in self.ROW_FIELDS}, latents=latents)


@dataclass(frozen=True)
class Counts:
    """Of every latent over every firing, and of the tokens seen. Counts add up; `maximum` takes the larger one."""

    firings: NDArray[np.int64]
    documents: NDArray[np.int64]
    """Distinct unreserved documents in which it fires."""
    maximum: NDArray[np.float32]
    histogram: NDArray[np.int64]
    """[latent, bin]"""
    specialties: NDArray[np.int64]
    """[latent, 1 + specialty]; column 0: documents without one."""
    sections: NDArray[np.int64]
    """[latent, kind of section]"""
    positions: NDArray[np.int64]
    """[latent, 10] by tenth of the document's characters."""
    totals: NDArray[np.int64]
    """[tokens encoded, tokens left out by position, tokens left out by norm]"""
    specialty_tokens: NDArray[np.int64]
    section_tokens: NDArray[np.int64]
    position_tokens: NDArray[np.int64]

    TABLES = ("histogram", "specialties", "sections", "positions")


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
    draw: TokenDraw


PARTS: dict[str, type[Any]] = {
    "counts": Counts, "top": Candidates, "sample": Candidates, "held": Candidates, "pool": Pool, "draw": TokenDraw,
}  # fmt: skip


def save_tally(tally: Tally, path: Path) -> None:
    """Written aside and renamed; tables of counts as their entries above 0."""
    tensors: dict[str, NDArray[Any]] = {}
    for part, kind in PARTS.items():
        for column in fields(kind):
            values = getattr(getattr(tally, part), column.name)
            if part == "counts" and column.name in Counts.TABLES:
                tensors |= {f"counts.{column.name}.{name}": array for name, array in packed(values).items()}
            else:
                tensors[f"{part}.{column.name}"] = np.ascontiguousarray(values)
    write_atomically(path, lambda aside: save_file(tensors, aside))


def load_tally(path: Path) -> Tally:
    return Tally(**{part: load_part(path, part) for part in PARTS})


def load_part(path: Path, part: str) -> Any:
    """`counts`, `top`, `sample`, `held`, `pool` or `draw` of a saved tally, without reading the rest."""
    found = _tensors(path, part)
    columns = {}
    for column in fields(PARTS[part]):
        name = f"{part}.{column.name}"
        columns[column.name] = found[name] if name in found else unpacked(found, name)
    return PARTS[part](**columns)


def add_counts(counts: Counts, path: Path) -> None:
    """Add the counts of a saved tally to these, in place."""
    found = _tensors(path, "counts")
    for column in fields(Counts):
        name, total = f"counts.{column.name}", getattr(counts, column.name)
        if column.name in Counts.TABLES:
            add_packed(total, found, name)
        elif column.name == "maximum":
            np.maximum(total, found[name], out=total)
        else:
            np.add(total, found[name], out=total)


def _tensors(path: Path, part: str) -> dict[str, NDArray[Any]]:
    with safe_open(path, framework="numpy") as tensors:
        names = [name for name in tensors.keys() if name.startswith(f"{part}.")]  # noqa: SIM118 - not a mapping
        return {name: tensors.get_tensor(name) for name in names}


def ranges(firsts: NDArray[np.int64], counts: NDArray[np.int32]) -> NDArray[np.int64]:
    """first, first + 1, ... first + count - 1 of each entry, one after another."""
    total = int(counts.sum())
    before = np.cumsum(counts, dtype=np.int64) - counts
    return np.repeat(firsts - before, counts) + np.arange(total, dtype=np.int64)
