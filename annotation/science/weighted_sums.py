"""Sums over units, for many sets of unit weights at once: what a bootstrap spends its time on."""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from annotation.science.types import FloatArray, IntArray

DENSE_COLUMNS = 64
"""Up to here one dense product is faster; a free concept has thousands of columns, nearly all of them 0."""


def weighted_sums(
    unit: IntArray, column: IntArray, amount: FloatArray, *, n_units: int, n_columns: int
) -> Callable[[FloatArray], FloatArray]:
    """A function from weights (B, units) to sums (B, columns) of the amounts, given as (unit, column, amount) each."""
    if n_columns <= DENSE_COLUMNS:
        cells = np.bincount(unit * n_columns + column, weights=amount, minlength=n_units * n_columns)
        dense = cells.astype(np.float64).reshape(n_units, n_columns)
        return lambda weights: weights @ dense
    by_column = csr_array((amount, (column, unit)), shape=(n_columns, n_units))
    return lambda weights: np.ascontiguousarray((by_column @ weights.T).T)
