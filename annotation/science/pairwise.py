"""Cohen's kappa of every two raters, on the latents that both answered.

    kappa = 1 - D_o / D_e,  D_o: mean distance of their two answers,  D_e: mean distance of her answers to his at random

Nominal: Cohen 1960. On a scale the distance is the squared difference of places, or of numbers: Cohen 1968, quadratic
weights. Sets: MASI distance; concepts in a hierarchy: the distances given. Unlike alpha, chance takes each rater's own
habits for granted.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from annotation.science.distance import Level, checked_distances, distance_matrix
from annotation.science.table import MISSING, RatingTable
from annotation.science.types import FloatArray, IntArray, Undefined

VERSION = "kappa-1"


@dataclass(frozen=True)
class PairKappa:
    first: str
    second: str
    n: int
    """Latents that both answered."""
    raw: float | Undefined
    """Share of them with the same answer."""
    kappa: float | Undefined


def pairwise_kappa(table: RatingTable, level: Level, *, distances: FloatArray | None = None) -> tuple[PairKappa, ...]:
    """Every two raters of the table, the first before the second in order; `distances` for level "hierarchy" only."""
    matrix = _distances(table, level, distances)
    return tuple(_pair(table, matrix, j, k) for j, k in combinations(range(len(table.raters)), 2))


def _distances(table: RatingTable, level: Level, distances: FloatArray | None) -> FloatArray | None:
    """None where different answers are 1 apart."""
    checked_distances(distances, level, len(table.values))
    if level == "ordinal":
        places = np.arange(len(table.values), dtype=np.float64)
        return (places[:, None] - places[None, :]) ** 2
    return None if level == "nominal" else distance_matrix(table.values, level, distances)


def _pair(table: RatingTable, matrix: FloatArray | None, j: int, k: int) -> PairKappa:
    both = (table.codes[:, j] != MISSING) & (table.codes[:, k] != MISSING)
    first, second = table.codes[both, j], table.codes[both, k]
    n = len(first)
    raw = float((first == second).mean()) if n else Undefined("They have no latent in common.")
    return PairKappa(table.raters[j], table.raters[k], n, raw, _kappa(first, second, matrix))


def _kappa(first: IntArray, second: IntArray, matrix: FloatArray | None) -> float | Undefined:
    if len(first) < 2:
        few = "They have no latent in common" if len(first) == 0 else "They have one latent in common"
        return Undefined(f"{few}; agreement beyond chance needs at least two.")
    size = int(max(first.max(), second.max())) + 1
    mine, hers = (np.bincount(answers, minlength=size) / len(answers) for answers in (first, second))
    by_chance = 1.0 - float(mine @ hers) if matrix is None else _mean_distance(mine, hers, matrix)
    if by_chance <= 0:
        return Undefined("Both gave the same answer throughout, so that agreement cannot be told from chance.")
    observed = float((first != second).mean() if matrix is None else matrix[first, second].mean())
    return 1.0 - observed / by_chance


def _mean_distance(mine: FloatArray, hers: FloatArray, matrix: FloatArray) -> float:
    """Between one answer of mine and one of hers, drawn apart."""
    rows, columns = np.flatnonzero(mine), np.flatnonzero(hers)
    return float(mine[rows] @ matrix[np.ix_(rows, columns)] @ hers[columns])
