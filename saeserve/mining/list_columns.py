"""Columns of lists for Arrow, from flat arrays: a Python object an entry would cost a hundred times as much."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def struct_lists(counts: NDArray[np.integer], columns: dict[str, Any]) -> pa.ListArray:
    """[row] lists of structs. counts: [row] entries. columns: flat, one row's entries after another's."""
    entries = pa.StructArray.from_arrays([pa.array(values) for values in columns.values()], list(columns))
    return pa.ListArray.from_arrays(_offsets(counts), entries)


def value_lists(counts: NDArray[np.integer], values: NDArray[Any]) -> pa.ListArray:
    """The same of plain values."""
    return pa.ListArray.from_arrays(_offsets(counts), pa.array(values))


def texts(names: Sequence[str], places: NDArray[np.integer]) -> pa.Array:
    """names[place] of every place."""
    return pa.array(names, pa.string()).take(pa.array(places))


def _offsets(counts: NDArray[np.integer]) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
