"""Agreement latent by latent: which ones the raters contest."""

from dataclasses import dataclass

import numpy as np

from annotation.science.alpha import undefined_reason
from annotation.science.distance import Level, distance_matrix
from annotation.science.raw_agreement import agreeing_pairs
from annotation.science.table import RatingTable
from annotation.science.types import FloatArray, Undefined


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


def unit_agreement(table: RatingTable, level: Level) -> tuple[UnitAgreement, ...]:
    """One entry a unit, in the table's order. Undefined for a latent with fewer than two ratings."""
    counts = table.counts
    ratings = counts.sum(axis=1)
    pairable = ratings >= 2
    raw = np.zeros(len(counts))
    raw[pairable] = agreeing_pairs(counts[pairable])
    reason = undefined_reason(counts[pairable])
    relative = np.zeros(len(counts)) if reason else _relative_disagreement(counts, pairable, table, level)
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


def _relative_disagreement(counts: FloatArray, pairable: np.ndarray, table: RatingTable, level: Level) -> FloatArray:
    """Mean squared distance of a unit's own pairs over that of all pairable ratings; 0 where not pairable."""
    totals = counts[pairable].sum(axis=0)
    n = totals.sum()
    distances = _ordinal_distances(totals) if level == "ordinal" else distance_matrix(table.values, level)
    expected = totals @ distances @ totals / (n * (n - 1))
    ratings = counts.sum(axis=1)
    pairs = np.where(pairable, ratings * (ratings - 1), 1.0)
    own = np.einsum("uc,ck,uk->u", counts, distances, counts, optimize=True) / pairs
    return np.asarray(np.where(pairable, own / expected, 0.0), dtype=np.float64)


def _ordinal_distances(totals: FloatArray) -> FloatArray:
    midranks = np.cumsum(totals) - totals / 2
    return np.asarray((midranks[:, None] - midranks[None, :]) ** 2, dtype=np.float64)
