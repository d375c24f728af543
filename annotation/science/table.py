"""Ratings of one rubric item as a table: units (latents) by raters, with gaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from annotation.science.types import Answer, FloatArray, IntArray, ScienceError, Value, sort_key

MISSING = -1


@dataclass(frozen=True, eq=False)
class RatingTable:
    units: tuple[str, ...]
    raters: tuple[str, ...]
    values: tuple[Value, ...]
    """The domain in order. For an ordinal level the order is the scale."""
    codes: IntArray
    """(units, raters): index into `values`, or -1 where the rater gave no answer. Read-only."""
    n_cannot_tell: int
    """Answers that said "cannot tell"; they are missing in `codes`."""
    cluster: IntArray | None = None
    """(units,): units with the same number are drawn together in a bootstrap. None: each unit by itself."""

    @classmethod
    def from_answers(cls, answers: Iterable[Answer], domain: Sequence[Value] | None = None) -> "RatingTable":
        """Build the table from first readings; repeat readings (reading > 1) are left out.

        `domain` lists the rubric's options in order, used or not; without it, the values seen, sorted.
        Raises ScienceError if a rater answered a latent twice in one reading, or outside the domain.
        """
        first = [answer for answer in answers if answer.reading == 1]
        seen = {answer.value for answer in first if answer.value is not None}
        values = tuple(domain) if domain is not None else tuple(sorted(seen, key=sort_key))
        if strange := sorted(map(str, seen - set(values))):
            raise ScienceError(f"The answer {strange[0]!r} is not among the rubric's options.")
        units = tuple(sorted({answer.latent for answer in first}))
        raters = tuple(sorted({answer.rater for answer in first}))
        codes = _codes(first, units, raters, values)
        return cls(units, raters, values, codes, sum(answer.value is None for answer in first))

    @property
    def counts(self) -> FloatArray:
        """(units, values): how many raters gave each value to each unit."""
        unit, rater = np.nonzero(self.codes != MISSING)
        size = len(self.values)
        cells = np.bincount(unit * size + self.codes[unit, rater], minlength=len(self.units) * size)
        return cells.astype(np.float64).reshape(len(self.units), size)

    @property
    def n_ratings(self) -> IntArray:
        """(units,): how many raters gave a value to each unit."""
        return np.asarray((self.codes != MISSING).sum(axis=1), dtype=np.int64)

    def cluster_of(self, chosen: np.ndarray) -> IntArray | None:
        """The clusters of the units that a mask chooses."""
        return None if self.cluster is None else self.cluster[chosen]

    @property
    def cannot_tell_share(self) -> float:
        """Share of all answers, between 0 and 1; 0 for an empty table."""
        given = int((self.codes != MISSING).sum())
        return self.n_cannot_tell / max(1, given + self.n_cannot_tell)


def _codes(
    answers: Sequence[Answer], units: tuple[str, ...], raters: tuple[str, ...], values: tuple[Value, ...]
) -> IntArray:
    unit_at, rater_at, value_at = ({key: i for i, key in enumerate(keys)} for keys in (units, raters, values))
    codes = np.full((len(units), len(raters)), MISSING, dtype=np.int64)
    placed: set[tuple[str, str]] = set()
    for answer in answers:
        place = (answer.latent, answer.rater)
        if place in placed:
            raise ScienceError(
                f"Rater {answer.rater} answered latent {answer.latent} twice in one reading; "
                "pass only the current revision, and number repeat readings 2 and up."
            )
        placed.add(place)
        if answer.value is not None:
            codes[unit_at[answer.latent], rater_at[answer.rater]] = value_at[answer.value]
    codes.setflags(write=False)
    return codes
