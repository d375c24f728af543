"""How far raters agree with themselves when a latent comes back to them.

Each reading after the first is paired with the one before it, of the same rater on the same latent. Chance is alpha's:
the answers that were given in these pairs. Over all raters a latent is drawn whole, with the pairs of everybody who
read it again. Habit and memory help a rater to repeat herself: this is an upper bound of how steady her judgement is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from annotation.science.agreement_undefined import NO_PAIRS, ONE_PAIR
from annotation.science.alpha import alpha
from annotation.science.distance import Level
from annotation.science.gwet import WEIGHTS_AT, gwet
from annotation.science.raw_agreement import raw_agreement
from annotation.science.table import RatingTable
from annotation.science.types import Answer, Estimate, FloatArray, ScienceError, Undefined, Value, sort_key

VERSION = "retest-1"
BEFORE, AFTER = "before", "after"
Pair = tuple[Answer, Answer]
RETEST_REASONS = {
    NO_PAIRS: "Nothing has been read again yet, so that nothing can be compared.",
    ONE_PAIR: "Only one latent has been read again; agreement beyond chance needs at least two.",
}


@dataclass(frozen=True)
class RaterRetest:
    rater: str
    """Empty for all raters together."""
    n_pairs: int
    n_matched: int
    raw: Estimate | Undefined
    """Share of pairs with the same answer."""
    alpha: Estimate | Undefined
    gwet: Estimate | Undefined
    """AC1, or AC2 with the weights of the level (gwet.WEIGHTS_AT)."""


@dataclass(frozen=True)
class RetestAgreement:
    raters: tuple[RaterRetest, ...]
    """Those with at least one repeat, by name."""
    everyone: RaterRetest


def retest_agreement(
    answers: Iterable[Answer],
    level: Level,
    *,
    seed: int,
    replicates: int = 2000,
    domain: Sequence[Value] | None = None,
    distances: FloatArray | None = None,
) -> RetestAgreement:
    """Every rater with herself, and all together. "Cannot tell" is no answer and makes no pair.

    `domain`: the rubric's options in order, needed for an ordinal level; without it, the values seen, sorted.
    `distances` (domain, domain): for level "hierarchy" only. Raises ScienceError for an answer outside the domain.
    """
    pairs = _pairs(answers)
    seen = {answer.value for pair in pairs for answer in pair if answer.value is not None}
    values = tuple(domain) if domain is not None else tuple(sorted(seen, key=sort_key))
    if strange := sorted(map(str, seen - set(values))):
        raise ScienceError(f"The answer {strange[0]!r} is not among the rubric's options.")

    def of(rater: str, own: Sequence[Pair]) -> RaterRetest:
        table = _table(own, values)
        return RaterRetest(
            rater=rater,
            n_pairs=len(own),
            n_matched=sum(before.value == after.value for before, after in own),
            raw=_in_words(raw_agreement(table, seed=seed, replicates=replicates)),
            alpha=_in_words(alpha(table, level, seed=seed, replicates=replicates, distances=distances)),
            gwet=_in_words(gwet(table, WEIGHTS_AT[level], seed=seed, replicates=replicates, distances=distances)),
        )

    by_rater = groupby(pairs, key=lambda pair: pair[0].rater)
    return RetestAgreement(tuple(of(rater, tuple(own)) for rater, own in by_rater), of("", pairs))


def _pairs(answers: Iterable[Answer]) -> tuple[Pair, ...]:
    """Sorted by rater, latent and reading."""
    given = sorted((a for a in answers if a.value is not None), key=lambda a: (a.rater, a.latent, a.reading))
    return tuple(
        (before, after)
        for before, after in pairwise(given)
        if (before.rater, before.latent) == (after.rater, after.latent)
    )


def _table(pairs: Sequence[Pair], values: tuple[Value, ...]) -> RatingTable:
    """One unit a pair, two columns; the pairs of one latent are drawn together."""
    at = {value: k for k, value in enumerate(values)}
    latents = sorted({before.latent for before, _ in pairs})
    place = {latent: i for i, latent in enumerate(latents)}
    codes = np.array([[at[a.value] for a in pair if a.value is not None] for pair in pairs], dtype=np.int64)
    return RatingTable(
        units=tuple(f"{before.rater}/{before.latent}/{after.reading}" for before, after in pairs),
        raters=(BEFORE, AFTER),
        values=values,
        codes=codes.reshape(len(pairs), 2),
        n_cannot_tell=0,
        cluster=np.array([place[before.latent] for before, _ in pairs], dtype=np.int64),
    )


def _in_words(found: Estimate | Undefined) -> Estimate | Undefined:
    """The same reasons, said of repeats instead of raters."""
    if isinstance(found, Undefined):
        return Undefined(RETEST_REASONS.get(found.reason, found.reason))
    return found
