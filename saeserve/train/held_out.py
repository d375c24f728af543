"""The held-out documents' activations, each with its token and its place: what every figure of the report is from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from saeserve.documents import Document
from saeserve.hooks import capture
from saeserve.language_model import LanguageModel
from saeserve.train.activations import Place, points_of
from saeserve.train.plan import Part
from saeserve.windows import Batch, batches


@dataclass(frozen=True)
class HeldOut:
    """Tokens of held-out documents at one hook point, sinks left out."""

    documents: Sequence[Document]
    activations: Float[Tensor, "token width"]
    """float16, raw."""
    token_ids: Int[Tensor, " token"]
    document_of: Int[Tensor, " token"]
    """Position in `documents`."""
    starts: Int[Tensor, " token"]
    """First character in the document's text."""
    ends: Int[Tensor, " token"]
    dropped: int
    """Tokens left out by norm."""


def held_out_at(model: LanguageModel, places: Sequence[Place], part: Part) -> list[HeldOut]:
    """One a place, from one pass over the documents."""
    points = points_of(places)
    found: list[list[Tensor]] = [[] for _ in points]
    tokens: list[Tensor] = []
    for batch in batches(part.windows, model=model):
        for parts, values in zip(found, capture(model.network, points, batch.ids, batch.mask), strict=True):
            parts.append(batch.real(values).cpu())
        tokens.append(_tokens(batch))
    where = torch.cat(tokens)
    caught = [torch.cat(parts) for parts in found]
    return [
        _held_out(part, values, place.sinks.keep(told), where)
        for place, values, told in zip(places, caught[: len(places)], caught[len(places) :], strict=True)
    ]


def _held_out(part: Part, values: Tensor, kept: Tensor, where: Tensor) -> HeldOut:
    token_ids, document_of, starts, ends = where[kept].unbind(dim=1)
    return HeldOut(
        documents=part.documents,
        activations=values[kept].half(),
        token_ids=token_ids,
        document_of=document_of,
        starts=starts,
        ends=ends,
        dropped=int((~kept).sum()),
    )


def _tokens(batch: Batch) -> Int[Tensor, "token 4"]:
    """Token id, document, first character and end of each counted token, in the order of `Batch.real`."""
    rows = []
    for window in batch.windows:
        counted = slice(window.counted_from, None)
        documents = np.full(window.counted, window.document)
        rows.append(np.stack([window.ids[counted], documents, window.starts[counted], window.ends[counted]], axis=1))
    return torch.from_numpy(np.concatenate(rows))
