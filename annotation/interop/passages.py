"""A text cut into passages of whole sentences or lines, about 25 to 60 words each: what is shown as a snippet.

The cut knows no latent, as in a mined run: a latent's strongest passages and those in which it is silent are drawn from
the same set. Every character belongs to exactly one passage.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FEWEST_WORDS, MOST_WORDS = 25, 60
BORDER = re.compile(r"\n+\s*|(?<=[.!?])\s+(?=[\"'(\[]?[A-Z0-9])")
LETTERS = re.compile(r"[^\W\d_]+")
AROUND = 1
"""Passages before and behind that are a passage's wider context."""


def cut(text: str) -> list[tuple[int, int]]:
    """[passage] first character and one past the last; they tile the text. A text without a word is one passage."""
    borders = [0]
    words = 0
    for start, end in _pieces(text):
        more = len(text[start:end].split())
        if words >= FEWEST_WORDS and (words + more > MOST_WORDS or words >= (FEWEST_WORDS + MOST_WORDS) // 2):
            borders.append(start)
            words = 0
        words += more
    if len(borders) > 1 and words < FEWEST_WORDS // 2:
        borders.pop()
    return list(pairwise([*borders, len(text)]))


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Sentences and lines, longer ones cut at spaces."""
    ends = [match.end() for match in BORDER.finditer(text) if 0 < match.end() < len(text)]
    for start, end in pairwise([0, *ends, len(text)]):
        spaces = [match.end() for match in re.finditer(r"\s+", text[start:end])]
        cuts = [start + spaces[place] for place in range(MOST_WORDS - 1, len(spaces), MOST_WORDS)]
        yield from pairwise([start, *(place for place in cuts if place < end), end])


@dataclass(frozen=True)
class Passages:
    """The passages of all documents, document after document."""

    keys: Sequence[str]
    """[document]"""
    texts: Sequence[str]
    firsts: NDArray[np.int64]
    """[document + 1] number of its first passage."""
    starts: NDArray[np.int32]
    """[passage]"""
    ends: NDArray[np.int32]
    documents: NDArray[np.int32]
    groups: NDArray[np.int64]
    """[passage] equal for texts that differ only in numbers, punctuation, case or spacing."""

    def __len__(self) -> int:
        return len(self.starts)

    def text(self, passage: int) -> str:
        return self.texts[self.documents[passage]][self.starts[passage] : self.ends[passage]]

    def context(self, passage: int) -> tuple[int, int]:
        """First character of the wider context, and one past its last."""
        document = int(self.documents[passage])
        first = max(passage - AROUND, int(self.firsts[document]))
        last = min(passage + AROUND, int(self.firsts[document + 1]) - 1)
        return int(self.starts[first]), int(self.ends[last])

    def at(self, document: int, characters: NDArray[np.integer]) -> NDArray[np.int64]:
        """Number of the passage that holds each character of the document."""
        first, last = int(self.firsts[document]), int(self.firsts[document + 1])
        found: NDArray[np.int64] = np.searchsorted(self.starts[first:last], characters, side="right") - 1 + first
        return found


def lay_out(keys: Sequence[str], texts: Sequence[str]) -> Passages:
    spans = [cut(text) for text in texts]
    counts = [len(each) for each in spans]
    groups: dict[str, int] = {}
    numbers = [
        groups.setdefault(_letters(text[start:end]), len(groups))
        for text, each in zip(texts, spans, strict=True)
        for start, end in each
    ]
    flat = np.array([span for each in spans for span in each], np.int32).reshape(-1, 2)
    return Passages(
        keys=keys,
        texts=texts,
        firsts=np.cumsum([0, *counts]).astype(np.int64),
        starts=np.ascontiguousarray(flat[:, 0]),
        ends=np.ascontiguousarray(flat[:, 1]),
        documents=np.repeat(np.arange(len(texts), dtype=np.int32), counts),
        groups=np.array(numbers, np.int64),
    )


def _letters(text: str) -> str:
    return " ".join(LETTERS.findall(text.lower())) or text
