"""Confusion matrices, institutions and colluders of a scenario's raters; the last RESERVE answer extra rounds only."""

from dataclasses import dataclass

import numpy as np

from annotation.science.types import FloatArray, IntArray
from bench.worlds.scenarios import Scenario

CLASSES = 6
RESERVE = 4
INSTITUTIONS = {5: 2, 8: 3, 11: 4}
COLLUDERS = {
    ("collude", 5): 2,
    ("collude", 8): 2,
    ("collude", 11): 3,
    ("collude_big", 5): 2,
    ("collude_big", 8): 3,
    ("collude_big", 11): 4,
}


@dataclass(frozen=True, eq=False)
class Raters:
    confusion: FloatArray
    """(R, own opinion, answer), rows add to 1."""
    institution: IntArray
    """(R,)"""
    colluders: int
    """The first so many raters collude."""


def draw_raters(scenario: Scenario, rng: np.random.Generator) -> Raters:
    n, size = scenario.raters, scenario.raters + RESERVE
    colluders = COLLUDERS.get((scenario.family, n), 0)
    sites = INSTITUTIONS[n]
    institution = np.arange(size) % sites
    if colluders:
        institution[:colluders] = 0
        institution[colluders:] = (np.arange(size - colluders) + 1) % sites
    return Raters(_confusion(scenario, rng, size), institution.astype(np.int64), colluders)


def _confusion(scenario: Scenario, rng: np.random.Generator, size: int) -> FloatArray:
    n, quarter = scenario.raters, max(1, round(scenario.raters / 4))
    match scenario.family:
        case "hetero":
            return _coins(rng.permutation(np.linspace(0.35, 0.9, size)))
        case "fewgood":
            return _coins(np.where(np.arange(size) % n < quarter, 0.9, 0.4))
        case "spammers":
            return _coins(np.where(np.arange(size) % n < quarter, 1 / CLASSES, 0.7))
        case "bias":
            return np.stack([_biased(rng) for _ in range(size)])
        case "adversary":
            coins = _coins(np.full(size, 0.7))
            coins[0] = np.roll(_coins(np.array([0.8]))[0], 1, axis=1)
            return coins
        case _:
            return _coins(np.full(size, 0.7))


def _coins(accuracy: FloatArray) -> FloatArray:
    """(R, K, K): right with `accuracy`, errors even over the other classes."""
    wrong = (1 - accuracy) / (CLASSES - 1)
    eye = np.eye(CLASSES)
    return np.asarray(accuracy[:, None, None] * eye + wrong[:, None, None] * (1 - eye), dtype=np.float64)


def _biased(rng: np.random.Generator) -> FloatArray:
    matrix = _coins(np.array([0.8]))[0]
    for taken in rng.choice(CLASSES, size=2, replace=False):
        matrix[taken] = 0.5 * matrix[taken]
        matrix[taken, (taken + 1) % CLASSES] += 0.5
    return matrix
