"""The scorer `judge`: an instruction model is asked yes or no, and what counts is how much likelier its yes is.

    number = [log p(yes) - log p(no)] with label and rationale - the same without them

Taking off the answer to the empty question removes most of a small model's bent towards yes and towards snippets that
it likes for reasons of their own (Zhao et al. 2021, contextual calibration). Nothing is generated.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from saeserve.scorers.base import BadQuestion, Numbers, Question, Shown

FITS = "Does the snippet contain what the description says?"
MEANS = "Are the words between [[ and ]] what the description says?"
UNKNOWN = "(no description)"


class Oracle(Protocol):
    """Whoever answers yes or no."""

    @property
    def model(self) -> str:
        """Name and digest of its weights, or name and host."""

    def log_odds(self, prompts: Sequence[str]) -> list[float]:
        """log p(yes) - log p(no) as the next word of each prompt."""


class JudgeScorer:
    """Detection and fuzzing by an oracle. It is not asked for intruders: n snippets are more than a small one reads."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle

    @property
    def model(self) -> str:
        return self._oracle.model

    def detection(self, questions: Sequence[Question]) -> list[Numbers]:
        return self._asked(questions, FITS, lambda shown: shown.text)

    def fuzzing(self, questions: Sequence[Question]) -> list[Numbers]:
        return self._asked(questions, MEANS, with_marks)

    def intruder(self, sets: Sequence[Sequence[str]]) -> list[Numbers]:
        raise BadQuestion("A judge is asked about rationales, not about intruders; ask the scorer “embedding”.")

    def _asked(self, questions: Sequence[Question], asked: str, words: Callable[[Shown], str]) -> list[Numbers]:
        prompts: list[str] = []
        for question in questions:
            for shown in question.snippets:
                for description in (question.words, UNKNOWN):
                    prompts.append(prompt(words(shown), description, asked))
        different = sorted(set(prompts))
        odds = dict(zip(different, self._oracle.log_odds(different), strict=True))
        found = iter(prompts)
        return [np.array([odds[next(found)] - odds[next(found)] for _ in question.snippets]) for question in questions]


def prompt(snippet: str, description: str, asked: str) -> str:
    """What the oracle reads. Its next word is its answer."""
    return (
        f"Snippet of a clinical note:\n{' '.join(snippet.split())}\n\nDescription:\n{' '.join(description.split())}\n\n"
        f"{asked} Answer with yes or no."
    )


def with_marks(shown: Shown) -> str:
    """The text with its marked words between brackets."""
    text, done = "", 0
    for start, end in sorted(shown.marks):
        text += f"{shown.text[done:start]}[[{shown.text[start:end]}]]"
        done = end
    return text + shown.text[done:]
