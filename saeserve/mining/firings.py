"""What one shard's forward passes yield: every firing of every latent, token by token."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from saeserve.coders.base import Coder
from saeserve.documents import Document
from saeserve.hooks import capture
from saeserve.language_model import LanguageModel
from saeserve.mining.snippets import Span, cut_snippets
from saeserve.sinks import Sinks
from saeserve.windows import Batch, Window, batches, cut

BLOCK_DOCUMENTS = 16
"""Documents whose windows are batched together. Shards are whole blocks, so that their number does not change a batch,
and with it the rounding of the forward pass."""


@dataclass(frozen=True)
class Firings:
    """Sparse table, one row a firing of a latent on a token, and the tokens and snippets that the rows point at."""

    latents: NDArray[np.int32]
    values: NDArray[np.float32]
    """Activations, above 0."""
    tokens: NDArray[np.int32]
    """[row] position in the token arrays below; rising."""
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


def fire(
    model: LanguageModel,
    path: str,
    coder: Coder,
    sinks: Sinks,
    documents: Sequence[Document],
    *,
    context_tokens: int,
    on_batch: Callable[[int], None] = lambda tokens: None,
) -> Firings:
    """Run the model and the SAE over the documents. `on_batch` hears the number of real tokens after each batch."""
    collected = _Collected([cut_snippets(document.text) for document in documents])
    for first in range(0, len(documents), BLOCK_DOCUMENTS):
        block = documents[first : first + BLOCK_DOCUMENTS]
        windows = list(cut([document.text for document in block], model.tokenizer, context_tokens=context_tokens))
        for batch in batches(windows, front_token=model.front_token, device=model.device):
            _encode(model, path, coder, sinks, batch, first, collected)
            on_batch(sum(map(len, batch.windows)))
    return collected.table()


@torch.inference_mode()
def _encode(
    model: LanguageModel, path: str, coder: Coder, sinks: Sinks, batch: Batch, first: int, collected: "_Collected"
) -> None:
    caught = capture(model.network, path, batch.ids, batch.mask)
    real = torch.cat([caught[row, 1 : 1 + len(window)] for row, window in enumerate(batch.windows)])
    kept = sinks.keep(real)
    codes = coder.encode(real[kept].float())
    collected.add(batch.windows, first, kept.cpu().numpy(), codes.latents.cpu().numpy(), codes.values.cpu().numpy())


class _Collected:
    """Rows of the table while batches come in."""

    def __init__(self, snippets: list[list[Span]]) -> None:
        self._documents = np.repeat(np.arange(len(snippets)), [len(spans) for spans in snippets]).astype(np.int32)
        self._starts = np.array([span.start for spans in snippets for span in spans], np.int32)
        self._ends = np.array([span.end for spans in snippets for span in spans], np.int32)
        self._parts: dict[str, list[NDArray[np.generic]]] = {
            name: [] for name in ("latents", "values", "tokens", "s", "e", "n")
        }
        self._tokens = 0
        self._dropped = {"position": 0, "norm": 0}

    def add(
        self,
        windows: list[Window],
        first: int,
        kept: NDArray[np.bool_],
        latents: NDArray[np.int64],
        values: NDArray[np.float32],
    ) -> None:
        starts = np.concatenate([window.starts for window in windows])[kept]
        ends = np.concatenate([window.ends for window in windows])[kept]
        owners = np.concatenate([np.full(len(window), window.document + first) for window in windows])[kept]
        snippets = self._snippets_at(owners, starts)
        firing = values > 0
        rows = np.nonzero(firing)[0]
        parts = {
            "latents": latents[firing].astype(np.int32),
            "values": values[firing],
            "tokens": (rows + self._tokens).astype(np.int32),
            "s": (starts - self._starts[snippets]).astype(np.int32),
            "e": (ends - self._starts[snippets]).astype(np.int32),
            "n": snippets.astype(np.int32),
        }
        for name, part in parts.items():
            self._parts[name].append(part)
        self._tokens += len(starts)
        self._dropped["position"] += len(windows)
        self._dropped["norm"] += int((~kept).sum())

    def _snippets_at(self, owners: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The snippet that holds each token's first character: snippets tile their document."""
        step = np.int64(2**40)
        keys = self._documents.astype(np.int64) * step + self._starts
        found: NDArray[np.int64] = np.searchsorted(keys, owners * step + starts, side="right") - 1
        return found

    def table(self) -> Firings:
        joined = {
            name: np.concatenate(parts) if parts else np.empty(0, np.int32) for name, parts in self._parts.items()
        }
        return Firings(
            joined["latents"].astype(np.int32),
            joined["values"].astype(np.float32),
            joined["tokens"].astype(np.int32),
            joined["s"].astype(np.int32),
            joined["e"].astype(np.int32),
            joined["n"].astype(np.int32),
            self._documents,
            self._starts,
            self._ends,
            self._dropped,
        )
