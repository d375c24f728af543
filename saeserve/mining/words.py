"""Words that hard foils are looked up by: on which words a latent peaks, and in which pooled snippets a word stands."""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saeserve.documents import read_documents_at
from saeserve.mining.index import CorpusIndex
from saeserve.mining.mentions import mentioned
from saeserve.mining.merge_files import Looks
from saeserve.mining.tally import Pool

WORD = re.compile(r"\w+")
PEAK_WORDS = 3
SHORTEST = 3
"""Letters; shorter peak words (a, of, to) are in every snippet."""


@dataclass(frozen=True)
class WordRows:
    """Which rows of the pool hold a word. 8 bytes a word of a row."""

    keys: NDArray[np.uint32]
    """Checksums of words, rising."""
    rows: NDArray[np.int32]

    @classmethod
    def of(cls, words: Iterable[Iterable[str]]) -> "WordRows":
        """words: of each row."""
        keys = [np.array([_key(word) for word in row], np.uint32) for row in words]
        rows = np.repeat(np.arange(len(keys), dtype=np.int32), [len(row) for row in keys])
        joined = np.concatenate([np.empty(0, np.uint32), *keys])
        order = np.argsort(joined, kind="stable")
        return cls(joined[order], rows[order])

    def of_word(self, word: str) -> NDArray[np.int32]:
        """Rows, rising."""
        key = np.uint32(_key(word))  # of the keys' own type: else all of them are converted for each word
        first, last = (np.searchsorted(self.keys, key, side=side) for side in ("left", "right"))
        return self.rows[first:last]


def pool_words(corpus: Path, index: CorpusIndex, pool: Pool) -> tuple[WordRows, WordRows]:
    """Rows of the pool by any word, and by words that they negate or say of a relative. Reads the corpus once."""
    plain: list[frozenset[str]] = []
    other: list[frozenset[str]] = []
    for text in snippet_texts(corpus, index, pool.snippets):
        plain.append(frozenset(WORD.findall(text.lower())))
        other.append(mentioned(text))
    return WordRows.of(plain), WordRows.of(other)


def peak_words(corpus: Path, index: CorpusIndex, peaks: Looks) -> dict[int, tuple[str, ...]]:
    """By latent the words on which its first candidates are strongest, most frequent first. Reads the corpus once."""
    places, of_peak = np.unique(
        peaks.snippets.astype(np.int64) << 32 | peaks.peak_starts.astype(np.int64), return_inverse=True
    )
    found = snippet_texts(corpus, index, (places >> 32).astype(np.int32))
    words = [word_at(text, start) for text, start in zip(found, (places & 0xFFFFFFFF).tolist(), strict=True)]
    counted: dict[int, Counter[str]] = {}
    for latent, place in zip(peaks.latents.tolist(), of_peak.tolist(), strict=True):
        if len(words[place]) >= SHORTEST:
            counted.setdefault(latent, Counter())[words[place]] += 1
    return {latent: _most_frequent(counter) for latent, counter in counted.items()}


def snippet_texts(corpus: Path, index: CorpusIndex, snippets: NDArray[np.int32]) -> Iterator[str]:
    """Texts of snippets, whose numbers must not fall; each document is read once."""
    table = index.snippets
    documents = np.searchsorted(table.firsts, snippets, side="right") - 1
    read, text = -1, ""
    for document, start, end in zip(
        documents.tolist(), table.starts[snippets].tolist(), table.ends[snippets].tolist(), strict=True
    ):
        if document != read:
            read, text = document, read_documents_at(corpus, [int(index.offsets[document])])[0].text
        yield text[start:end]


def word_at(text: str, place: int) -> str:
    """The lower-case word around a character, empty where there is none."""
    first = last = place
    while first > 0 and text[first - 1].isalnum():
        first -= 1
    while last < len(text) and text[last].isalnum():
        last += 1
    return text[first:last].lower()


def _key(word: str) -> int:
    return zlib.crc32(word.encode())


def _most_frequent(counter: Counter[str]) -> tuple[str, ...]:
    return tuple(word for word, _ in sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))[:PEAK_WORDS])
