"""Every firing of every latent on a shard's tokens, as a sparse table, gathered batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saeserve.windows import Window

COLUMNS = ("latents", "values", "tokens", "ids", "positions", "ends", "snippets")


@dataclass(frozen=True)
class Firings:
    """Sparse table, one row a firing of a latent on a token, and the tokens and snippets that the rows point at."""

    latents: NDArray[np.int32]
    values: NDArray[np.float32]
    """Activations, above 0."""
    tokens: NDArray[np.int32]
    """[row] position in the token arrays below; rising."""
    token_ids: NDArray[np.int32]
    """[token] number in the model's vocabulary."""
    token_positions: NDArray[np.int32]
    """[token] first character in the document."""
    token_starts: NDArray[np.int32]
    """[token] first character, relative to the token's snippet."""
    token_ends: NDArray[np.int32]
    token_snippets: NDArray[np.int32]
    """[token] position in the snippet arrays below."""
    snippet_documents: NDArray[np.int32]
    """[snippet] position of the document in the shard, rising."""
    snippet_starts: NDArray[np.int32]
    snippet_ends: NDArray[np.int32]
    dropped: dict[str, int]
    """Tokens left out and why."""

    @property
    def token_count(self) -> int:
        return len(self.token_starts)


@dataclass(frozen=True)
class Snippets:
    """All snippets of a shard's documents, in the shard's order; they tile their documents."""

    documents: NDArray[np.int32]
    """[snippet] position of the document in the shard, rising."""
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]

    def at(self, documents: NDArray[np.int64], characters: NDArray[np.int64]) -> NDArray[np.int64]:
        """The snippet that holds each character of a document."""
        step = np.int64(2**40)
        keys = self.documents.astype(np.int64) * step + self.starts
        found: NDArray[np.int64] = np.searchsorted(keys, documents * step + characters, side="right") - 1
        return found


@dataclass(frozen=True)
class BatchTokens:
    """The counted tokens of one batch, window by window."""

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    """First character in the document."""
    ends: NDArray[np.int64]
    snippets: NDArray[np.int64]
    windows: int

    @classmethod
    def of(cls, windows: Sequence[Window], snippets: Snippets, first: int) -> "BatchTokens":
        """first: position in the shard of the document that the windows call 0."""
        counted = [(window, slice(window.counted_from, None)) for window in windows]
        starts = np.concatenate([window.starts[part] for window, part in counted])
        owners = np.concatenate([np.full(window.counted, window.document + first) for window in windows])
        return cls(
            ids=np.concatenate([window.ids[part] for window, part in counted]),
            starts=starts,
            ends=np.concatenate([window.ends[part] for window, part in counted]),
            snippets=snippets.at(owners, starts),
            windows=len(windows),
        )


class Gathered:
    """One SAE's rows while batches come in."""

    def __init__(self, snippets: Snippets, *, special_tokens: int) -> None:
        """special_tokens: those that the model puts round every window."""
        self._snippets, self._special_tokens = snippets, special_tokens
        self._parts: dict[str, list[NDArray[np.generic]]] = {name: [] for name in COLUMNS}
        self._tokens = 0
        self._dropped = {"position": 0, "norm": 0}

    def add(
        self,
        batch: BatchTokens,
        kept: NDArray[np.bool_],
        rows: NDArray[np.int64],
        latents: NDArray[np.int64],
        values: NDArray[np.float32],
    ) -> None:
        """kept: [counted token] false for attention sinks. rows: position of each firing among the kept tokens."""
        parts = {
            "latents": latents.astype(np.int32),
            "values": values.astype(np.float32),
            "tokens": (rows + self._tokens).astype(np.int32),
            "ids": batch.ids[kept].astype(np.int32),
            "positions": batch.starts[kept].astype(np.int32),
            "ends": batch.ends[kept].astype(np.int32),
            "snippets": batch.snippets[kept].astype(np.int32),
        }
        for name, part in parts.items():
            self._parts[name].append(part)
        self._tokens += int(kept.sum())
        self._dropped["position"] += batch.windows * self._special_tokens
        self._dropped["norm"] += int((~kept).sum())

    def table(self) -> Firings:
        joined = {name: self._joined(name) for name in COLUMNS}
        positions, snippets = joined["positions"].astype(np.int32), joined["snippets"].astype(np.int32)
        first = self._snippets.starts[snippets]
        return Firings(
            latents=joined["latents"].astype(np.int32),
            values=joined["values"].astype(np.float32),
            tokens=joined["tokens"].astype(np.int32),
            token_ids=joined["ids"].astype(np.int32),
            token_positions=positions,
            token_starts=positions - first,
            token_ends=joined["ends"].astype(np.int32) - first,
            token_snippets=snippets,
            snippet_documents=self._snippets.documents,
            snippet_starts=self._snippets.starts,
            snippet_ends=self._snippets.ends,
            dropped=self._dropped,
        )

    def _joined(self, name: str) -> NDArray[np.generic]:
        parts = self._parts[name]
        return np.concatenate(parts) if parts else np.empty(0, np.int32)
