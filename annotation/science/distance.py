"""How far apart two values are, per level of measurement."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from annotation.science.types import FloatArray, ScienceError, Value

Level = Literal["nominal", "ordinal", "interval", "sets"]


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


def distance_matrix(values: Sequence[Value], level: Level) -> FloatArray:
    """(values, values): squared difference as Krippendorff 2011 defines it. Ordinal has none: see `alpha`."""
    size = len(values)
    if level == "nominal":
        return 1.0 - np.eye(size)
    if level == "interval":
        numbers = np.array([_number(value) for value in values], dtype=np.float64)
        return (numbers[:, None] - numbers[None, :]) ** 2
    if level == "sets":
        sets = [_set(value) for value in values]
        return np.array([[masi_distance(a, b) for b in sets] for a in sets], dtype=np.float64).reshape(size, size)
    raise ScienceError("Ordinal distances depend on how often each value occurs; they have no fixed matrix.")


def _number(value: Value) -> float:
    if isinstance(value, int | float):
        return float(value)
    raise ScienceError(f"An interval level needs numbers; {value!r} is none.")


def _set(value: Value) -> frozenset[str]:
    if isinstance(value, frozenset):
        return value
    raise ScienceError(f"A set-valued item needs frozensets; {value!r} is none.")
