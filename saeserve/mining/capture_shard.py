"""One pass of the model over a shard's documents, and every SAE's firings in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from saeserve.documents import Document
from saeserve.fit import Fit
from saeserve.hooks import capture
from saeserve.language_model import LanguageModel
from saeserve.mining.firings import BatchTokens, Firings, Gathered, Snippets
from saeserve.mining.index import CorpusIndex
from saeserve.mining.plan import Shard
from saeserve.sinks import Sinks
from saeserve.windows import Batch, Window, batches, cut


@dataclass(frozen=True)
class Listener:
    """One SAE of the pass."""

    fit: Fit
    sinks: Sinks


class ShardPass:
    """Goes on batch by batch, so that a worker can stop between two, or do something more urgent first."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        blocks: Sequence[Sequence[Document]],
        snippets: Snippets,
        *,
        context_tokens: int,
        overlap_tokens: int,
    ) -> None:
        """The listeners' SAEs belong to one model; each gets what it would get alone."""
        self._model = listeners[0].fit.model
        special = len(self._model.front) + len(self._model.back)
        self._heard = [(listener, Gathered(snippets, special_tokens=special)) for listener in listeners]
        self._points = list(
            dict.fromkeys(point for listener in listeners for point in (listener.fit.point, listener.sinks.point))
        )
        self._blocks, self._snippets = blocks, snippets
        self._context_tokens, self._overlap_tokens = context_tokens, overlap_tokens

    def batches(self) -> Iterator[int]:
        """Run everything; after each batch, the number of its counted tokens."""
        first = 0
        for block in self._blocks:
            texts = [document.text for document in block]
            windows = cut(
                texts, self._model.tokenizer, context_tokens=self._context_tokens, overlap_tokens=self._overlap_tokens
            )
            for batch in block_batches(list(windows), self._model, context_tokens=self._context_tokens):
                self._run(batch, first)
                yield sum(window.counted for window in batch.windows)
            first += len(block)

    def firings(self) -> list[Firings]:
        """Of each listener, in order."""
        return [gathered.table() for _, gathered in self._heard]

    @torch.inference_mode()
    def _run(self, batch: Batch, first: int) -> None:
        tokens = BatchTokens.of(batch.windows, self._snippets, first)
        caught = capture(self._model.network, self._points, batch.ids, batch.mask)
        real = {point: batch.real(each) for point, each in zip(self._points, caught, strict=True)}
        for listener, gathered in self._heard:
            kept = listener.sinks.keep(real[listener.sinks.point])
            codes = listener.fit.sae.coder.encode(real[listener.fit.point][kept].float())
            gathered.add(
                tokens,
                kept.cpu().numpy(),
                codes.tokens.cpu().numpy(),
                codes.latents.cpu().numpy(),
                codes.values.cpu().numpy(),
            )


def block_batches(windows: Sequence[Window], model: LanguageModel, *, context_tokens: int) -> Iterator[Batch]:
    """Full windows by themselves, then documents' last ones, which in a block are nearly of one length."""
    yield from batches([window for window in windows if len(window) == context_tokens], model=model)
    yield from batches([window for window in windows if len(window) < context_tokens], model=model)


def snippets_of(index: CorpusIndex, shard: Shard) -> Snippets:
    """The shard's snippets, as they were cut when the corpus was indexed."""
    table, places = index.snippets, shard.documents
    rows = snippet_rows(index, shard)
    counts = table.firsts[places + 1] - table.firsts[places]
    return Snippets(
        documents=np.repeat(np.arange(len(places), dtype=np.int32), counts),
        starts=table.starts[rows],
        ends=table.ends[rows],
    )


def snippet_rows(index: CorpusIndex, shard: Shard) -> NDArray[np.int64]:
    """Numbers of the shard's snippets in the corpus, in the shard's order."""
    firsts = index.snippets.firsts
    return np.concatenate([np.arange(firsts[place], firsts[place + 1]) for place in shard.documents.tolist()])
