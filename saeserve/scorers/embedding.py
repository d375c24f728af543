"""The scorer `embedding`: a snippet fits as far as a few of its words lie near to label and rationale.

What a latent fires on is a word or two in a snippet of forty, so that short stretches tell more than whole sentences;
docs/adr/0018-automatic-scorers.md has the figures. A sentence model knows neither the latent's activations nor the
language model that they come from.
"""

from collections.abc import Callable, Sequence

import numpy as np

from saeserve.scorers.base import Numbers, Question, Shown
from saeserve.scorers.sentences import Sentences, Vectors

STRETCH, STEP = 8, 4
"""Words of a stretch, and from the beginning of one to that of the next."""
BEST = 2
"""The mean of so many highest cosines counts."""
AROUND = 40
"""Characters on either side of marked words that are read with them."""


class EmbeddingScorer:
    """Cosines of sentence embeddings."""

    def __init__(self, sentences: Sentences) -> None:
        self._sentences = sentences

    @property
    def model(self) -> str:
        return self._sentences.name

    def detection(self, questions: Sequence[Question]) -> list[Numbers]:
        """Each snippet's mean of its BEST highest cosines over its stretches."""
        return self._nearest(questions, lambda shown: stretches_of(shown.text))

    def fuzzing(self, questions: Sequence[Question]) -> list[Numbers]:
        """The same over its groups of marked words, read with their neighbours."""
        return self._nearest(questions, marked_passages)

    def intruder(self, sets: Sequence[Sequence[str]]) -> list[Numbers]:
        """Minus the mean cosine of each whole snippet with the others."""
        vectors = self._embedded([text for shown in sets for text in shown])
        return [_apart(np.stack([vectors[text] for text in shown])) for shown in sets]

    def _nearest(self, questions: Sequence[Question], parts_of: Callable[[Shown], list[str]]) -> list[Numbers]:
        parts = [[parts_of(shown) for shown in question.snippets] for question in questions]
        wanted = [question.words for question in questions]
        vectors = self._embedded([*wanted, *(part for trial in parts for own in trial for part in own)])
        return [
            np.array([_best([float(vectors[part] @ vectors[question.words]) for part in own]) for own in trial])
            for question, trial in zip(questions, parts, strict=True)
        ]

    def _embedded(self, texts: Sequence[str]) -> dict[str, Vectors]:
        different = sorted(set(texts))
        return dict(zip(different, self._sentences.embed(different), strict=True))


def _apart(shown: Vectors) -> Numbers:
    """(snippets, width) unit vectors to (snippets,)."""
    near = shown @ shown.T
    return np.asarray(-(near.sum(axis=1) - np.diag(near)) / (len(shown) - 1), dtype=np.float64)


def _best(cosines: list[float]) -> float:
    highest = sorted(cosines, reverse=True)[:BEST]
    return sum(highest) / len(highest)


def stretches_of(text: str) -> list[str]:
    """Overlapping stretches of STRETCH words; the whole text where it has no more."""
    words = text.split()
    starts = range(0, max(1, len(words) - STRETCH + STEP), STEP)
    return [" ".join(words[start : start + STRETCH]) for start in starts] if words else [text]


def marked_passages(shown: Shown) -> list[str]:
    """Each group of marked words with AROUND characters on either side, cut at words; the text where none is marked."""
    found = []
    for start, end in shown.marks:
        before = shown.text[max(0, start - AROUND) : start]
        after = shown.text[end : end + AROUND]
        if start > AROUND:
            before = before.partition(" ")[2]
        if end + AROUND < len(shown.text):
            after = after.rpartition(" ")[0]
        found.append(f"{before}{shown.text[start:end]}{after}".strip())
    return [passage for passage in found if passage] or [shown.text]
