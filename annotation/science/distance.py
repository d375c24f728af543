"""How far apart two values are, per level of measurement."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from annotation.science.types import FloatArray, ScienceError, Value

Level = Literal["nominal", "ordinal", "interval", "sets", "hierarchy"]
"""hierarchy: concepts at given distances, a broader or sibling one being a near miss (`hierarchy`)."""


def masi_distance(first: frozenset[str], second: frozenset[str]) -> float:
    """1 - Jaccard * M; M is 1 for equal sets, 2/3 for a subset, 1/3 for an overlap, 0 for disjoint sets.

    Passonneau 2006, Measuring agreement on set-valued items (MASI). Two empty sets agree fully.
    """
    if first == second:
        return 0.0
    shared = len(first & second)
    if shared == 0:
        return 1.0
    monotonicity = 2 / 3 if first <= second or second <= first else 1 / 3
    return 1 - shared / len(first | second) * monotonicity


def distance_matrix(values: Sequence[Value], level: Level, given: FloatArray | None = None) -> FloatArray:
    """(values, values): how far apart two answers are, the difference function of Krippendorff 2011.

    `given` is that of level "hierarchy", and of no other. Ordinal has none: see `weighted_alpha`.
    Raises ScienceError for values that do not fit the level, and for a given matrix that is no distance.
    """
    size = len(values)
    given = checked_distances(given, level, size)
    if given is not None:
        return given
    if level == "nominal":
        return 1.0 - np.eye(size)
    if level == "interval":
        numbers = np.array([_number(value) for value in values], dtype=np.float64)
        return (numbers[:, None] - numbers[None, :]) ** 2
    if level == "sets":
        sets = [_set(value) for value in values]
        return np.array([[masi_distance(a, b) for b in sets] for a in sets], dtype=np.float64).reshape(size, size)
    raise ScienceError("Ordinal distances depend on how often each value occurs; they have no fixed matrix.")


def checked_distances(given: FloatArray | None, level: Level, size: int) -> FloatArray | None:
    """The (size, size) distances given for level "hierarchy", None at every other; else ScienceError."""
    if (given is None) == (level == "hierarchy"):
        raise ScienceError("Distances are given for the hierarchy level, and only there.")
    if given is None:
        return None
    matrix = np.asarray(given, dtype=np.float64)
    if matrix.shape != (size, size):
        raise ScienceError(f"Distances between {size} answers are a {size} x {size} table; this one is {matrix.shape}.")
    fits = bool(np.isfinite(matrix).all()) and bool((matrix >= 0).all()) and bool((matrix <= 1).all())
    if not fits or bool(np.diag(matrix).any()) or not np.array_equal(matrix, matrix.T):
        raise ScienceError("Distances lie between 0 and 1, are 0 from an answer to itself, and the same both ways.")
    return matrix


def _number(value: Value) -> float:
    if isinstance(value, int | float):
        return float(value)
    raise ScienceError(f"An interval level needs numbers; {value!r} is none.")


def _set(value: Value) -> frozenset[str]:
    if isinstance(value, frozenset):
        return value
    raise ScienceError(f"A set-valued item needs frozensets; {value!r} is none.")
