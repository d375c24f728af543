"""A repeat reading is a split vote (1/2 each), not two votes."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from annotation.science.types import Answer, ScienceError, Value, sort_key


def split_votes(answers: Iterable[Answer]) -> tuple[tuple[Answer, float], ...]:
    """Each answer that is not "cannot tell", with its share of its rater's one vote on its latent.

    Sorted by latent, rater and reading, so that nothing downstream depends on the order of the input.
    Raises ScienceError if a rater has two answers with the same reading number on a latent.
    """
    given = sorted((a for a in answers if a.value is not None), key=lambda a: (a.latent, a.rater, a.reading))
    for before, after in pairwise(given):
        if (before.latent, before.rater, before.reading) == (after.latent, after.rater, after.reading):
            raise answered_twice(after)
    readings = Counter((answer.latent, answer.rater) for answer in given)
    return tuple((answer, 1.0 / readings[answer.latent, answer.rater]) for answer in given)


def answered_twice(answer: Answer) -> ScienceError:
    return ScienceError(
        f"Rater {answer.rater} has two answers to latent {answer.latent} numbered reading {answer.reading}; "
        "pass only the current revision, and number repeat readings 2 and up."
    )


def known_values(answers: Iterable[Answer]) -> tuple[Value, ...]:
    """Every value given, sorted."""
    return tuple(sorted({a.value for a in answers if a.value is not None}, key=sort_key))
