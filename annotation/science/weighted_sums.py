"""Sums over units, for many sets of unit weights at once: what a bootstrap spends its time on."""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from annotation.science.types import FloatArray, IntArray

DENSE_COLUMNS = 64
"""Up to here dense products are faster; a free concept has thousands of columns, nearly all of them 0."""
ROWS = 16
SMALL = 1 << 18
"""A product of so many multiplications stays in one thread of BLAS.

Where other work keeps the processors busy, waiting for BLAS's threads costs up to four times what they gain; and in one
thread the digits do not depend on how many there are.
"""


def weighted_sums(
    unit: IntArray, column: IntArray, amount: FloatArray, *, n_units: int, n_columns: int
) -> Callable[[FloatArray], FloatArray]:
    """A function from weights (B, units) to sums (B, columns) of the amounts, given as (unit, column, amount) each."""
    if n_columns <= DENSE_COLUMNS:
        cells = np.bincount(unit * n_columns + column, weights=amount, minlength=n_units * n_columns)
        dense = cells.astype(np.float64).reshape(n_units, n_columns)
        return lambda weights: _product(weights, dense)
    by_column = csr_array((amount, (column, unit)), shape=(n_columns, n_units))
    return lambda weights: np.ascontiguousarray((by_column @ weights.T).T)


def weighted_sum(weights: FloatArray, amount: FloatArray) -> FloatArray:
    """(B,): weights (B, units) times one amount a unit."""
    return np.asarray(np.einsum("bu,u->b", weights, amount), dtype=np.float64)


def _product(weights: FloatArray, dense: FloatArray) -> FloatArray:
    """weights @ dense, in small pieces."""
    total = np.zeros((len(weights), dense.shape[1]))
    units = max(1, SMALL // (ROWS * max(1, dense.shape[1])))
    for row in range(0, len(weights), ROWS):
        for start in range(0, len(dense), units):
            total[row : row + ROWS] += weights[row : row + ROWS, start : start + units] @ dense[start : start + units]
    return total
