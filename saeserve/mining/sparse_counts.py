"""Tables of counts, mostly zeros, as their entries above 0: a shard's file stays small however wide the SAE is."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def packed(table: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Shape, places of the entries above 0 and their values."""
    places = np.flatnonzero(table)
    return {
        "shape": np.array(table.shape, np.int64),
        "places": places,
        "values": table.reshape(-1)[places].astype(np.int32),
    }


def add_packed(table: NDArray[np.int64], tensors: Mapping[str, NDArray[Any]], name: str) -> None:
    """Add a packed table to one of the same shape, in place."""
    table.reshape(-1)[tensors[f"{name}.places"]] += tensors[f"{name}.values"]


def unpacked(tensors: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.int64]:
    """The table again, from `<name>.shape`, `<name>.places` and `<name>.values`."""
    table = np.zeros(tensors[f"{name}.shape"], np.int64)
    add_packed(table, tensors, name)
    return table
