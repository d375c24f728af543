"""The rows of tokens as documents: cut where a document ended, decoded, with the place of every token."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.interop.passages import Passages, lay_out
from annotation.interop.token_text import text_of
from annotation.interop.unreadable import Unreadable
from annotation.interop.vocabulary import Vocabulary

NOWHERE = -1


@dataclass(frozen=True)
class TokenCorpus:
    """[place] is row x context + position."""

    passages: Passages
    passage_at: NDArray[np.int32]
    """[place] NOWHERE for a token that is no text."""
    starts: NDArray[np.int32]
    """[place] first character in its document."""
    ends: NDArray[np.int32]
    tokens: NDArray[np.int64]
    """[place]"""
    order: NDArray[np.int64]
    """Places by token."""
    firsts: NDArray[np.int64]
    """[token + 1] where its places begin in `order`."""

    @property
    def counted(self) -> int:
        """Tokens that are text."""
        return int((self.passage_at != NOWHERE).sum())

    def passages_with(self, token: int) -> NDArray[np.int32]:
        found = self.passage_at[self.order[self.firsts[token] : self.firsts[token + 1]]]
        return np.unique(found[found != NOWHERE])


def decode(tokens: NDArray[Any], vocabulary: Vocabulary) -> TokenCorpus:
    """Raises Unreadable where a token is not in the vocabulary."""
    flat = np.ascontiguousarray(tokens, np.int64).reshape(-1)
    if int(flat.max()) >= len(vocabulary) or int(flat.min()) < 0:
        raise Unreadable(
            f"The cache has a token {int(flat.max())}, and the vocabulary {len(vocabulary):,}: name the tokenizer.json "
            "of the language model that the cache was made with."
        )
    parts = _parts(tokens, vocabulary)
    starts, ends = np.zeros(len(flat), np.int32), np.zeros(len(flat), np.int32)
    keys, texts, kept = [], [], []
    for key, first, last in parts:
        text, borders = text_of([vocabulary.pieces[token] for token in flat[first:last].tolist()])
        if not text.strip():
            continue
        starts[first:last], ends[first:last] = [0, *borders[:-1]], borders
        keys.append(key)
        texts.append(text)
        kept.append((first, last))
    passages = lay_out(keys, texts)
    order = np.argsort(flat, kind="stable")
    return TokenCorpus(
        passages=passages,
        passage_at=_passages_at(passages, kept, starts, ends),
        starts=starts,
        ends=ends,
        tokens=flat,
        order=order,
        firsts=np.searchsorted(flat[order], np.arange(len(vocabulary) + 1)),
    )


def _parts(tokens: NDArray[Any], vocabulary: Vocabulary) -> list[tuple[str, int, int]]:
    """Key and places [first, last) of each stretch of text, the special tokens between them left out."""
    rows, context = tokens.shape
    special = np.isin(tokens, np.array(sorted(vocabulary.special), np.int64))
    found = []
    for row in range(rows):
        borders = [-1, *np.flatnonzero(special[row]).tolist(), context]
        spans = [(a + 1, b) for a, b in pairwise(borders) if b > a + 1]
        for number, (first, last) in enumerate(spans, start=1):
            key = f"row-{row:06d}" if len(spans) == 1 else f"row-{row:06d}-{number}"
            found.append((key, row * context + first, row * context + last))
    return found


def _passages_at(
    passages: Passages, spans: list[tuple[int, int]], starts: NDArray[np.int32], ends: NDArray[np.int32]
) -> NDArray[np.int32]:
    found = np.full(len(starts), NOWHERE, np.int32)
    for document, (first, last) in enumerate(spans):
        inside = np.arange(first, last)[ends[first:last] > starts[first:last]]
        found[inside] = passages.at(document, starts[inside])
    return found
