"""Rows as lines of CSV and of JSON, a whole batch at a time and without a Python object a cell.

Every column becomes an array of strings; the arrays are joined to lines; the lines' buffer is the file's content.
"""

import json

import pyarrow as pa
import pyarrow.compute as pc

CONTROL = r"[\x00-\x1f]"
CSV_END = "\r\n"


class Unwritable(ValueError):
    """A value that no file of a release may hold; the message names the column."""


def csv_header(schema: pa.Schema) -> bytes:
    return (",".join(_quote_plain(name) for name in schema.names) + CSV_END).encode()


def csv_lines(batch: pa.RecordBatch) -> memoryview:
    """RFC 4180: texts in quotes, quotes doubled, lines end with CR LF. A missing value is nothing between two commas,
    an empty text is `""`. A list is a JSON array. Nothing else is altered.
    """
    return _joined(batch, [pc.fill_null(_csv_cells(column), "") for column in batch.columns], "", ",", CSV_END)


def json_lines(batch: pa.RecordBatch) -> memoryview:
    """One JSON object a line, keys in the order of the columns; a missing value is null."""
    cells = [pc.fill_null(_json_cells(column), "null") for column in batch.columns]
    return _joined(batch, cells, "{", ",", "}\n", names=[json.dumps(name) + ":" for name in batch.schema.names])


def check_batch(batch: pa.RecordBatch) -> None:
    """Raises Unwritable if a value is missing where there must be one, or a number is not finite."""
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if column.null_count and not field.nullable:
            raise Unwritable(f"The column “{field.name}” lacks a value in {column.null_count} rows.")
        if pa.types.is_floating(field.type) and pc.all(pc.is_finite(column)).as_py() is False:
            raise Unwritable(f"The column “{field.name}” holds a number that is not finite.")


def _joined(
    batch: pa.RecordBatch, cells: list[pa.Array], start: str, between: str, end: str, names: list[str] | None = None
) -> memoryview:
    pieces: list[pa.Array | pa.Scalar] = []
    for position, cell in enumerate(cells):
        before = between if position else start
        pieces += [pa.scalar(before + (names[position] if names else "")), cell]
    lines = pc.binary_join_element_wise(*pieces, pa.scalar(end), "")
    if not len(lines):
        return memoryview(b"")
    _, offsets, data = lines.buffers()
    first, last = (memoryview(offsets).cast("i")[lines.offset + row] for row in (0, len(lines)))
    return memoryview(data)[first:last]


def _csv_cells(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        return _quoted(pc.replace_substring(column, '"', '""'))
    if pa.types.is_list(column.type):
        return _quoted(pc.replace_substring(_json_cells(column), '"', '""'))
    return _plain(column)


def _json_cells(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        return _quoted(_escaped(column))
    if pa.types.is_list(column.type):
        return _json_lists(column)
    if pa.types.is_timestamp(column.type):
        return _quoted(_plain(column))
    return _plain(column)


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    return column.cast(pa.string())


def _json_lists(column: pa.Array) -> pa.Array:
    # `values` and `offsets` are those of the whole array that a slice is cut from: they belong together.
    written = pa.ListArray.from_arrays(column.offsets, _quoted(_escaped(column.values)))
    lists = pc.binary_join_element_wise("[", pc.binary_join(written, ","), "]", "")
    return pc.if_else(column.is_valid(), lists, pa.scalar(None, pa.string()))


def _quoted(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', texts, '"', "")


def _escaped(texts: pa.Array) -> pa.Array:
    """As JSON wants it; control characters are rare, so that each is looked for only if there is any."""
    texts = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    if pc.any(pc.match_substring_regex(texts, CONTROL)).as_py():
        for code in range(0x20):
            texts = pc.replace_substring(texts, chr(code), json.dumps(chr(code))[1:-1])
    return texts


def _quote_plain(name: str) -> str:
    return f'"{name}"' if any(sign in name for sign in ',"\r\n') else name
