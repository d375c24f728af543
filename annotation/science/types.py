"""The plain values that go into the statistics and come out of them."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Value = str | int | float | frozenset[str]
"""An answer to a rubric item: a category, a number on a scale, a concept, or a set of flags."""

OTHER = "(other)"
"""The class of an open item that stands for every concept that nobody proposed."""


class ScienceError(ValueError):
    """The input cannot be used; the message is a sentence for the reader. A retry does not help."""


@dataclass(frozen=True)
class Undefined:
    """There is no value, and this is why, in a sentence that a page can show as it is."""

    reason: str


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """A coefficient with its interval, and all that is needed to compute it again."""

    value: float
    interval: Interval | Undefined
    n_units: int
    """Latents that count: those with at least two ratings."""
    n_ratings: int
    """Ratings on those latents."""
    n_raters: int
    method: str
    level: str
    seed: int
    replicates: int
    version: str

    @property
    def low(self) -> float | None:
        return self.interval.low if isinstance(self.interval, Interval) else None

    @property
    def high(self) -> float | None:
        return self.interval.high if isinstance(self.interval, Interval) else None

    @property
    def interval_reason(self) -> str:
        """Why there is a value but no interval; empty where there is one."""
        return self.interval.reason if isinstance(self.interval, Undefined) else ""


@dataclass(frozen=True)
class LearnabilityScore:
    """How well one rater's label and rationale let a blinded reader foretell unseen snippets."""

    scorer: str
    """Who or what produced the score. Each scorer is calibrated on its own."""
    value: float
    """Balanced accuracy, 0 to 1; an always-"yes" reader has 0.5."""


@dataclass(frozen=True)
class Answer:
    """One rater's answer to one rubric item on one latent."""

    latent: str
    rater: str
    value: Value | None
    """None: "cannot tell from these snippets", which is missing, and its share is reported."""
    institution: str = ""
    reading: int = 1
    """2 and up for a repeat reading: it splits the rater's vote, it never adds one."""
    scores: tuple[LearnabilityScore, ...] = ()
    """Of its label and rationale, at most one a scorer."""
    round: str = ""
    """Which round asked for it. It means nothing to consensus; it lets a round be left out."""


@dataclass(frozen=True)
class CalibrationAnswer:
    """A first answer to a calibration item that has a reference."""

    rater: str
    latent: str
    reference_share: float
    """The share that the reference distribution gives to the class that the rater chose."""
    n_classes: int
    scores: tuple[LearnabilityScore, ...] = ()


@dataclass(frozen=True)
class Item:
    """How one rubric item is answered."""

    kind: Literal["closed", "ordinal", "open"]
    classes: tuple[Value, ...] = ()
    """The options in order. Empty for an open item: there each latent's classes are what its raters proposed."""
    decay: float = 0.0
    """Ordinal: a wrong answer k steps away is exp(-decay k) times as likely, before any data."""


def _distinct(classes: Sequence[Value]) -> tuple[Value, ...]:
    if len(set(classes)) != len(classes) or len(classes) < 2:
        raise ScienceError("An item needs at least two options, each different from the others.")
    return tuple(classes)


def closed_item(classes: Sequence[Value]) -> Item:
    """One of several options without an order, for instance a category."""
    return Item("closed", _distinct(classes))


def ordinal_item(classes: Sequence[Value], decay: float = 1.0) -> Item:
    """A scale, options from lowest to highest, for instance coherence from 1 to 5."""
    return Item("ordinal", _distinct(classes), decay)


def open_item() -> Item:
    """A free concept."""
    return Item("open")


def sort_key(value: Hashable) -> tuple[int, float, str]:
    """A total order over values of any kind: numbers by size, then text, then sets."""
    if isinstance(value, frozenset):
        return (2, float(len(value)), "\x1f".join(sorted(value)))
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, str(value))
