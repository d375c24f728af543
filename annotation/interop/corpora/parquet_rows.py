"""Parquet: a row a document, read a few at a time."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from annotation.interop.corpora.record import Row
from annotation.interop.corpora.sources import SourceFile
from annotation.interop.unreadable import Unreadable

ROWS = 32
"""Rows in memory at once: a document may be large."""
GROUP_LIMIT = 1024 * 1024 * 1024
"""Bytes, unpacked, of one column in a row group."""
FOOTER_LIMIT = 64 * 1024 * 1024
"""Bytes of a text and entries of a list in the footer."""


def parquet_columns(file: SourceFile) -> list[str]:
    """Names of the columns that hold words or numbers."""
    schema = _opened(file).schema_arrow
    return [field.name for field in schema if not pa.types.is_nested(field.type) and not _is_bytes(field.type)]


def parquet_rows(file: SourceFile, columns: Sequence[str]) -> Iterator[Row]:
    """Only these columns are read. Raises Unreadable."""
    opened = _opened(file)
    _check(file, opened, columns)
    number = 0
    try:
        for batch in opened.iter_batches(batch_size=ROWS, columns=list(columns), use_threads=False):
            for values in batch.to_pylist():
                number += 1
                yield Row(place=f"{file.name}, row {number}", values=values)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{file.name}, after row {number}: damaged Parquet. Write the file again.") from error


def _opened(file: SourceFile) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(
            file.path,
            memory_map=False,
            pre_buffer=False,
            thrift_string_size_limit=FOOTER_LIMIT,
            thrift_container_size_limit=FOOTER_LIMIT,
        )
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(f"{file.name} is no Parquet file, or damaged. Write it again.") from error


def _check(file: SourceFile, opened: pq.ParquetFile, columns: Sequence[str]) -> None:
    schema = opened.schema_arrow
    for name in columns:
        if name not in schema.names:
            raise Unreadable(f"{file.name} has no column “{name}”, which another file of this corpus has.")
    footer = opened.metadata
    wanted = set(columns)
    for group in range(footer.num_row_groups):
        about = footer.row_group(group)
        for place in range(about.num_columns):
            column = about.column(place)
            if column.path_in_schema in wanted and column.total_uncompressed_size > GROUP_LIMIT:
                raise Unreadable(
                    f"{file.name}, row group {group + 1}: the column “{column.path_in_schema}” unpacks to more than "
                    f"{GROUP_LIMIT // 1024**3} GB. Write the file with smaller row groups."
                )


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))
