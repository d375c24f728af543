"""What every scorer offers: numbers for the snippets of a trial. What is said of them follows in one way for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from saeserve.refusal import Refusal

Numbers = NDArray[np.float64]


class BadQuestion(Refusal):
    """What is asked cannot be answered by this scorer."""


@dataclass(frozen=True)
class Shown:
    """One snippet of a trial."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()
    """Characters [start, end) of the marked words, for fuzzing."""


@dataclass(frozen=True)
class Question:
    """One trial: does this fit, for each of these?"""

    label: str
    rationale: str
    snippets: tuple[Shown, ...]

    @property
    def words(self) -> str:
        """Label and rationale as one passage."""
        return f"{self.label.strip().rstrip('.')}. {self.rationale.strip()}".strip()


class Scorer(Protocol):
    """The same numbers for the same question, in whatever company it is asked."""

    @property
    def model(self) -> str:
        """What judges: name and digest of its weights, or name and host."""

    def detection(self, questions: Sequence[Question]) -> list[Numbers]:
        """[trial][snippet]: the higher, the likelier it is that the label fits the snippet."""

    def fuzzing(self, questions: Sequence[Question]) -> list[Numbers]:
        """[trial][snippet]: the higher, the likelier it is that the label means the marked words."""

    def intruder(self, sets: Sequence[Sequence[str]]) -> list[Numbers]:
        """[set][snippet]: the higher, the less it belongs to the others. Raises BadQuestion where it cannot say."""


def said(numbers: Numbers) -> list[bool]:
    """Yes to those above the trial's median: half of its snippets fire, by design, and every reader may know that.

    Nothing is learnt from which ones do. Whoever gives every snippet the same number says no to all, and scores .5.
    """
    return [bool(number > np.median(numbers)) for number in numbers]


def odd_one(numbers: Numbers) -> int:
    """Place of the snippet that belongs least; the first of several."""
    return int(np.argmax(numbers))
