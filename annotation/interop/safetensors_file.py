"""Tensors out of a safetensors file, by its published layout: an 8-byte length, a JSON header, then the bytes.

Read here, so that the web side needs no tensor library. The bytes are mapped, not loaded.
"""

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.interop.files import check_plain
from annotation.interop.unreadable import Unreadable

FILE_LIMIT = 8 * 1024**3
HEADER_LIMIT = 1024 * 1024
DTYPES = {
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "BF16": "<u2",
    "U8": "u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
}
"""bfloat16 is widened by `as_floats`."""


def read_tensors(
    path: Path, wanted: dict[str, tuple[str, ...]], *, optional: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The wanted tensors, each of one of the named dtypes. bfloat16 comes as the float32 that it stands for.

    Raises Unreadable where one is missing, of another dtype, or where header and bytes do not fit.
    """
    size = check_plain(path, limit=FILE_LIMIT)
    header, begin = _header(path, size)
    missing = sorted(set(wanted) - set(header) - optional)
    if missing:
        raise Unreadable(f"{path.name} has no tensor “{missing[0]}”. Is it a file of delphi’s latent cache?")
    return {
        name: _tensor(path, name, header[name], begin, size, dtypes)
        for name, dtypes in wanted.items()
        if name in header
    }


def _header(path: Path, size: int) -> tuple[dict[str, Any], int]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(HEADER_LIMIT, size - 8):
            raise Unreadable(f"{path.name} is no safetensors file: its header would have {length:,} bytes.")
        content = file.read(length)
    try:
        header = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{path.name} is no safetensors file: its header is not JSON.") from error
    if not isinstance(header, dict):
        raise Unreadable(f"{path.name} is no safetensors file: its header is no object.")
    return header, 8 + length


def _tensor(path: Path, name: str, entry: Any, begin: int, size: int, dtypes: tuple[str, ...]) -> NDArray[Any]:
    dtype, shape, first, last = _entry(path, name, entry)
    if dtype not in dtypes:
        raise Unreadable(f"{path.name}: the tensor “{name}” is of type {dtype[:20]}; {' or '.join(dtypes)} is read.")
    known = np.dtype(DTYPES[dtype])
    if not 0 <= first <= last <= size - begin or last - first != prod(shape) * known.itemsize:
        raise Unreadable(f"{path.name}: the tensor “{name}” does not fit into the file. It is cut off or damaged.")
    if first == last:
        return np.empty(shape, np.float32 if dtype == "BF16" else known)
    raw: NDArray[Any] = np.memmap(path, known, mode="r", offset=begin + first, shape=tuple(shape))
    return (raw.astype(np.uint32) << 16).view(np.float32) if dtype == "BF16" else raw


def _entry(path: Path, name: str, entry: Any) -> tuple[str, list[int], int, int]:
    """Type, shape and byte range as the header says, of the right types."""
    try:
        dtype, shape, (first, last) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (TypeError, KeyError, ValueError) as error:
        raise Unreadable(f"{path.name}: the header says too little of the tensor “{name}”.") from error
    numbers = [*shape, first, last] if isinstance(shape, list) and len(shape) <= 4 else [None]
    if not isinstance(dtype, str) or not all(type(number) is int and 0 <= number < 2**48 for number in numbers):
        raise Unreadable(f"{path.name}: what the header says of the tensor “{name}” makes no sense.")
    return dtype, shape, first, last
