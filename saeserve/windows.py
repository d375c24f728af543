"""Documents cut into windows of tokens, each behind a front token, padded into batches, never joined."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BATCH_TOKENS = 2048
"""Padded tokens in one forward pass: large enough to keep two cores busy, small enough for a laptop."""


@dataclass(frozen=True)
class Window:
    """Consecutive tokens of one document."""

    document: int
    """Position of the document in the list that was cut."""
    ids: NDArray[np.int64]
    """[token] without the front token."""
    starts: NDArray[np.int64]
    """[token] first character in the document's text."""
    ends: NDArray[np.int64]
    """[token] one past the last character."""

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Batch:
    """Windows in one padded array."""

    windows: list[Window]
    ids: Tensor
    """[window, 1 + longest] with the front token in column 0 and padding on the right."""
    mask: Tensor | None
    """[window, 1 + longest], 1 for real tokens; None where nothing is padded."""


def cut(texts: Iterable[str], tokenizer: Any, *, context_tokens: int) -> Iterator[Window]:
    """Windows of at most `context_tokens` real tokens, in document order. Text is never read as a special token."""
    for index, text in enumerate(texts):
        encoding = tokenizer(text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True)
        ids = np.asarray(encoding["input_ids"], dtype=np.int64)
        starts, ends = _clean_spans(text, np.asarray(encoding["offset_mapping"], dtype=np.int64).reshape(-1, 2))
        for first in range(0, len(ids), context_tokens):
            part = slice(first, first + context_tokens)
            yield Window(index, ids[part], starts[part], ends[part])


def _clean_spans(text: str, offsets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Spans without a token's leading space and without overlap; pieces of one character get the same span."""
    starts, ends = offsets[:, 0].copy(), offsets[:, 1].copy()
    space = np.array([character.isspace() for character in text] or [False])
    starts += space[np.minimum(starts, len(space) - 1)] & (ends - starts > 1)
    for at in (np.nonzero(starts[1:] < ends[:-1])[0] + 1).tolist():
        if ends[at] > ends[at - 1]:
            starts[at] = ends[at - 1]
        else:
            starts[at], ends[at] = starts[at - 1], ends[at - 1]
    return starts, ends


def batches(windows: Sequence[Window], *, front_token: int, device: torch.device) -> Iterator[Batch]:
    """Batches of similar length, longest first. The same windows always give the same batches."""
    by_length = sorted(windows, key=len, reverse=True)
    first = 0
    while first < len(by_length):
        size = max(1, BATCH_TOKENS // (1 + len(by_length[first])))
        yield _pad(by_length[first : first + size], front_token, device)
        first += size


def _pad(windows: list[Window], front_token: int, device: torch.device) -> Batch:
    longest = max(len(window) for window in windows)
    ids = np.full((len(windows), 1 + longest), front_token, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, window in enumerate(windows):
        ids[row, 1 : 1 + len(window)] = window.ids
        mask[row, : 1 + len(window)] = 1
    padded = None if mask.all() else torch.from_numpy(mask).to(device)
    return Batch(windows, torch.from_numpy(ids).to(device), padded)
