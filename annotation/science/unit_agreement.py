"""Agreement latent by latent: which ones the raters contest."""

from dataclasses import dataclass

import numpy as np

from annotation.science.agreement_undefined import undefined_at
from annotation.science.distance import Level, distance_matrix
from annotation.science.rated_pairs import RatedPairs, rated_pairs
from annotation.science.table import RatingTable
from annotation.science.types import FloatArray, Undefined
from annotation.science.weighted_alpha import expected, mean_disagreement, midranks


@dataclass(frozen=True)
class UnitAgreement:
    unit: str
    n_ratings: int
    raw: float | Undefined
    """Share of rater pairs with the same answer."""
    beyond_chance: float | Undefined
    """1 minus this latent's mean disagreement over that expected in the whole table.

    Weighted by the latents' numbers of ratings it averages to alpha.
    """


def unit_agreement(
    table: RatingTable, level: Level, *, distances: FloatArray | None = None
) -> tuple[UnitAgreement, ...]:
    """One entry a unit, in the table's order. Undefined for a latent with fewer than two ratings."""
    pairs = rated_pairs(table.codes, len(table.values))
    ratings = table.n_ratings
    pairable = ratings >= 2
    raw = 1.0 - mean_disagreement(pairs, None)
    reason = undefined_at(table.codes[pairable], level, distances, len(table.values))
    relative = np.zeros(len(raw)) if reason else _relative_disagreement(pairs, table, level, distances)
    too_few = Undefined("Fewer than two raters have answered for this latent.")
    return tuple(
        UnitAgreement(
            unit=unit,
            n_ratings=int(ratings[i]),
            raw=float(raw[i]) if pairable[i] else too_few,
            beyond_chance=too_few if not pairable[i] else Undefined(reason) if reason else 1.0 - float(relative[i]),
        )
        for i, unit in enumerate(table.units)
    )


def _relative_disagreement(
    pairs: RatedPairs, table: RatingTable, level: Level, distances: FloatArray | None
) -> FloatArray:
    """Mean distance of a unit's own pairs over that of all pairable ratings; 0 where not pairable."""
    totals = np.bincount(pairs.rated_value, minlength=pairs.n_values).astype(np.float64)
    matrix = _matrix(totals, table, level, distances)
    by_chance = float(expected(totals[None, :], matrix)[0]) / totals.sum()
    return mean_disagreement(pairs, matrix) / by_chance


def _matrix(totals: FloatArray, table: RatingTable, level: Level, distances: FloatArray | None) -> FloatArray | None:
    if level == "nominal":
        return None
    if level != "ordinal":
        return distance_matrix(table.values, level, distances)
    rank = midranks(totals)
    return np.asarray((rank[:, None] - rank[None, :]) ** 2, dtype=np.float64)
