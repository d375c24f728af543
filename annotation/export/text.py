"""Rows as lines of CSV and of JSON, a whole batch at a time and without a Python object a cell.

Every column becomes an array of strings; the arrays are joined to lines; the lines' buffer is the file's content.
"""

import json
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CSV_END = "\r\n"


QUOTE, BACKSLASH, SPACE = ord('"'), ord("\\"), ord(" ")


class Unwritable(ValueError):
    """A value that no file of a release may hold; the message names the column."""


class Cells(NamedTuple):
    """A column as text, with what stands around every cell of it."""

    texts: pa.Array
    around: str = ""


def csv_header(schema: pa.Schema) -> bytes:
    return (",".join(_quote_plain(name) for name in schema.names) + CSV_END).encode()


def csv_lines(batch: pa.RecordBatch) -> memoryview:
    """RFC 4180: texts in quotes, quotes doubled, lines end with CR LF. A missing value is nothing between two commas,
    an empty text is `""`. A list is a JSON array. Nothing else is altered.
    """
    return _joined(
        [_present(_csv_cells(column), "") for column in batch.columns], ["", *[","] * batch.num_columns], CSV_END
    )


def json_lines(batch: pa.RecordBatch) -> memoryview:
    """One JSON object a line, keys in the order of the columns; a missing value is null."""
    names = [json.dumps(name) + ":" for name in batch.schema.names]
    before = [("," if position else "{") + name for position, name in enumerate(names)]
    return _joined([_present(_json_cells(column), "null") for column in batch.columns], before, "}\n")


def check_batch(batch: pa.RecordBatch) -> None:
    """Raises Unwritable if a value is missing where there must be one, or a number is not finite."""
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if column.null_count and not field.nullable:
            raise Unwritable(f"The column “{field.name}” lacks a value in {column.null_count} rows.")
        if pa.types.is_floating(field.type) and pc.all(pc.is_finite(column)).as_py() is False:
            raise Unwritable(f"The column “{field.name}” holds a number that is not finite.")


def _joined(columns: list[Cells], before: list[str], end: str) -> memoryview:
    """Every row's cells with the texts before them, as one buffer without gaps."""
    pieces: list[pa.Array | pa.Scalar] = []
    open_end = ""
    for column, start in zip(columns, before, strict=False):
        pieces += [pa.scalar(open_end + start + column.around), column.texts]
        open_end = column.around
    lines = pc.binary_join_element_wise(*pieces, pa.scalar(open_end + end), "")
    return _content(lines).data


def _content(texts: pa.Array) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    """The bytes of the texts, one after the other."""
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return np.empty(0, np.uint8)
    bounds = np.frombuffer(offsets, np.int32)
    return np.frombuffer(data, np.uint8)[bounds[texts.offset] : bounds[texts.offset + len(texts)]]


def _present(cells: Cells, missing: str) -> Cells:
    """The cells without gaps. Where there are gaps, what stands around a cell must stand around the others only."""
    if not cells.texts.null_count:
        return cells
    texts = cells.texts
    if cells.around:
        texts = pc.binary_join_element_wise(cells.around, texts, cells.around, "")
    return Cells(pc.fill_null(texts, missing))


def _csv_cells(column: pa.Array) -> Cells:
    if pa.types.is_list(column.type):
        column = _json_lists(column)
    if not pa.types.is_string(column.type):
        return Cells(_plain(column))
    doubled = pc.replace_substring(column, '"', '""') if (_content(column) == QUOTE).any() else column
    return Cells(doubled, '"')


def _json_cells(column: pa.Array) -> Cells:
    if pa.types.is_string(column.type):
        return Cells(_escaped(column), '"')
    if pa.types.is_list(column.type):
        return Cells(_json_lists(column))
    return Cells(_plain(column), '"' if pa.types.is_timestamp(column.type) else "")


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    return column.cast(pa.string())


def _json_lists(column: pa.Array) -> pa.Array:
    # `values` and `offsets` are those of the whole array that a slice is cut from: they belong together.
    items = pc.binary_join_element_wise('"', _escaped(column.values), '"', "")
    written = pa.ListArray.from_arrays(column.offsets, items)
    lists = pc.binary_join_element_wise("[", pc.binary_join(written, ","), "]", "")
    return pc.if_else(column.is_valid(), lists, pa.scalar(None, pa.string()))


def _escaped(texts: pa.Array) -> pa.Array:
    """As JSON wants it. Looking at the bytes first is far cheaper than replacing what is not there."""
    content = _content(texts)
    if (content == BACKSLASH).any():
        texts = pc.replace_substring(texts, "\\", "\\\\")
    if (content == QUOTE).any():
        texts = pc.replace_substring(texts, '"', '\\"')
    for code in np.unique(content[content < SPACE]).tolist():
        texts = pc.replace_substring(texts, chr(code), json.dumps(chr(code))[1:-1])
    return texts


def _quote_plain(name: str) -> str:
    return f'"{name}"' if any(sign in name for sign in ',"\r\n') else name
