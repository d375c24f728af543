"""Documents cut into windows of tokens, each between its special tokens, padded into batches, never joined."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saeserve.language_model import LanguageModel
from saeserve.refusal import Refusal
from saeserve.tokens import tokens_of

BATCH_TOKENS = 2048
"""Padded tokens in one forward pass: large enough to keep two cores busy, small enough for a laptop."""


class BadWindows(Refusal):
    """Windows of that size cannot be cut or read."""


@dataclass(frozen=True)
class Window:
    """Consecutive tokens of one document."""

    document: int
    """Position of the document in the list that was cut."""
    ids: NDArray[np.int64]
    """[token] without the special tokens around the window."""
    starts: NDArray[np.int64]
    """[token] first character in the document's text."""
    ends: NDArray[np.int64]
    """[token] one past the last character."""
    counted_from: int = 0
    """Tokens before this one are context only: they end the window before, and are counted there."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def counted(self) -> int:
        """Number of tokens that this window and no other counts."""
        return len(self.ids) - self.counted_from


@dataclass(frozen=True)
class Batch:
    """Windows in one padded array."""

    windows: list[Window]
    ids: Tensor
    """[window, position]: front tokens, the window's tokens, back tokens, padding on the right."""
    mask: Tensor | None
    """[window, position], 1 for all but padding; None where nothing is padded."""
    is_real: Tensor
    """[window, position] true for the documents' own tokens, counted ones or not."""
    is_counted: Tensor
    """[window, position] true for the documents' own tokens less those that are context only."""

    def real(self, captured: Tensor) -> Tensor:
        """[token, width] the counted tokens of what was captured [window, position, width], window by window."""
        return captured[self.is_counted]


def cut(texts: Iterable[str], tokenizer: Any, *, context_tokens: int, overlap_tokens: int) -> Iterator[Window]:
    """Windows of at most `context_tokens` tokens, in document order. Text is never read as a special token.

    A document's further windows begin with the last `overlap_tokens` of the window before, so that no token stands
    without context. Raises BadWindows and UnreadableText.
    """
    if not 0 <= overlap_tokens < context_tokens:
        raise BadWindows(
            f"Windows of {context_tokens} tokens cannot overlap by {overlap_tokens}; give an overlap from 0 to less "
            "than the window."
        )
    for index, text in enumerate(texts):
        tokens = tokens_of(text, tokenizer)
        counted = 0
        while counted < len(tokens.ids):
            first = max(0, counted - overlap_tokens)
            part = slice(first, first + context_tokens)
            yield Window(index, tokens.ids[part], tokens.starts[part], tokens.ends[part], counted - first)
            counted = first + context_tokens


def batches(windows: Sequence[Window], *, model: LanguageModel) -> Iterator[Batch]:
    """Batches of near-equal length, longest first. The same windows always give the same batches."""
    around = len(model.front) + len(model.back)
    by_length = sorted(windows, key=len, reverse=True)
    if by_length and len(by_length[0]) > model.context_limit:
        raise BadWindows(
            f"{model.name} reads at most {model.context_limit} tokens at once and a window has {len(by_length[0])}; "
            "ask for shorter windows."
        )
    first = 0
    while first < len(by_length):
        size = max(1, BATCH_TOKENS // (around + len(by_length[first])))
        yield _pad(by_length[first : first + size], model)
        first += size


def _pad(windows: list[Window], model: LanguageModel) -> Batch:
    front = len(model.front)
    shape = len(windows), front + max(map(len, windows)) + len(model.back)
    ids = np.full(shape, model.front[0], dtype=np.int64)
    mask = np.zeros(shape, dtype=np.int64)
    real, counted = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    for row, window in enumerate(windows):
        tokens = [*model.front, *window.ids.tolist(), *model.back]
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
        real[row, front : front + len(window)] = True
        counted[row, front + window.counted_from : front + len(window)] = True
    to = model.device
    padded = None if mask.all() else torch.from_numpy(mask).to(to)
    placed = [torch.from_numpy(array).to(to) for array in (ids, real, counted)]
    return Batch(windows, placed[0], padded, placed[1], placed[2])
