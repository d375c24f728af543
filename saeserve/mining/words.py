"""Words of the corpus that hard foils are looked up by: those of pooled snippets, and those on which latents peak."""

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from saeserve.documents import Document
from saeserve.mining.tally import Candidates, Pool

WORD = re.compile(r"\w+")
PEAK_WORDS = 3
SHORTEST = 3
"""Letters; shorter peak words (a, of, to) are in every snippet."""


def read_words(
    documents: Iterable[Document], pool: Pool, *lists: Candidates
) -> tuple[list[frozenset[str]], dict[int, tuple[str, ...]]]:
    """([snippet of the pool] its lower-case words, {latent: its peak words}). Reads the corpus once.

    `lists` hold the candidates whose peaks count.
    """
    pooled = _by_document(pool.documents)
    peaks = [(candidates, peak_tokens(candidates), _by_document(candidates.documents)) for candidates in lists]
    words: list[frozenset[str]] = [frozenset()] * len(pool)
    counted: dict[int, Counter[str]] = {}
    for number, document in enumerate(documents):
        for row in pooled.get(number, ()):
            words[row] = frozenset(WORD.findall(document.text[pool.starts[row] : pool.ends[row]].lower()))
        for candidates, tokens, rows in peaks:
            for row in rows.get(number, ()):
                word = word_at(document.text, int(candidates.starts[row] + candidates.token_starts[tokens[row]]))
                if len(word) >= SHORTEST:
                    counted.setdefault(int(candidates.latents[row]), Counter())[word] += 1
    return words, {latent: _most_frequent(counter) for latent, counter in counted.items()}


def peak_tokens(candidates: Candidates) -> NDArray[np.int64]:
    """[row] position of the row's strongest token in the token arrays, the first of equals."""
    rows = np.repeat(np.arange(len(candidates)), candidates.token_counts)
    order = np.lexsort((np.arange(len(rows)), -candidates.token_values, rows))
    return order[candidates.token_firsts] if len(candidates) else order


def word_at(text: str, place: int) -> str:
    """The lower-case word around a character, empty where there is none."""
    first = last = place
    while first > 0 and text[first - 1].isalnum():
        first -= 1
    while last < len(text) and text[last].isalnum():
        last += 1
    return text[first:last].lower()


def _by_document(documents: NDArray[np.int32]) -> dict[int, list[int]]:
    rows: dict[int, list[int]] = {}
    for row, document in enumerate(documents.tolist()):
        rows.setdefault(document, []).append(row)
    return rows


def _most_frequent(counter: Counter[str]) -> tuple[str, ...]:
    return tuple(word for word, _ in sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))[:PEAK_WORDS])
