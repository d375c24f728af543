"""What agreement becomes with one rater left out: who pulls it up or down."""

from dataclasses import dataclass, replace

import numpy as np

from annotation.science.agreement_undefined import undefined_at
from annotation.science.alpha import alpha
from annotation.science.bootstrap import bootstrap_interval
from annotation.science.distance import Level
from annotation.science.rated_pairs import rated_pairs
from annotation.science.table import MISSING, RatingTable
from annotation.science.types import Estimate, FloatArray, IntArray, Undefined
from annotation.science.weighted_alpha import weighted_alpha

VERSION = "influence-1"


@dataclass(frozen=True)
class Influence:
    rater: str
    n_ratings: int
    """Her own."""
    without: Estimate | Undefined
    """Alpha of the others."""
    change: Estimate | Undefined
    """Alpha without her minus alpha with her, both of the same resamples: above 0, she agrees less than others do."""


def influence(
    table: RatingTable, level: Level, *, seed: int, replicates: int = 2000, distances: FloatArray | None = None
) -> tuple[Influence, ...]:
    """One entry a rater, in the table's order. Undefined where alpha is, with all raters or without her."""
    codes = table.codes[table.n_ratings >= 2]
    reason = undefined_at(codes, level, distances, len(table.values))
    entries = []
    for j, rater in enumerate(table.raters):
        without = alpha(_without(table, j), level, seed=seed, replicates=replicates, distances=distances)
        change: Estimate | Undefined = Undefined(reason)
        if not reason:
            change = _change(table, j, level, without, seed, replicates, distances)
        entries.append(Influence(rater, int((table.codes[:, j] != MISSING).sum()), without, change))
    return tuple(entries)


def _without(table: RatingTable, rater: int) -> RatingTable:
    return replace(table, codes=_blanked(table.codes, rater))


def _blanked(codes: IntArray, rater: int) -> IntArray:
    left = codes.copy()
    left[:, rater] = MISSING
    return left


def _change(
    table: RatingTable,
    rater: int,
    level: Level,
    without: Estimate | Undefined,
    seed: int,
    replicates: int,
    distances: FloatArray | None,
) -> Estimate | Undefined:
    """Both alphas over the same draws of the latents, so that what they share cancels."""
    if isinstance(without, Undefined):
        return without
    codes = table.codes[table.n_ratings >= 2]
    everybody, others = (
        weighted_alpha(rated_pairs(rated, len(table.values)), table.values, level, distances)
        for rated in (codes, _blanked(codes, rater))
    )

    def difference(weights: FloatArray) -> FloatArray:
        return others(weights) - everybody(weights)

    return replace(
        without,
        value=float(difference(np.ones((1, len(codes))))[0]),
        interval=bootstrap_interval(
            len(codes), difference, seed=seed, replicates=replicates, n_pairable=without.n_units
        ),
        n_units=len(codes),
        n_ratings=int((codes != MISSING).sum()),
        n_raters=int((codes != MISSING).any(axis=0).sum()),
        method="Change of Krippendorff's alpha, paired resamples",
        version=VERSION,
    )
