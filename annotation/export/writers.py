"""One table to three files: CSV, JSON Lines and Parquet, from one stream of record batches."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from annotation.export.columns import Table
from annotation.export.files import DigestFile, WrittenFile
from annotation.export.text import check_batch, csv_header, csv_lines, json_lines

FORMATS = ("csv", "jsonl", "parquet")


class BatchWriter(Protocol):
    def write(self, batch: pa.RecordBatch) -> None: ...
    def close(self) -> None: ...


class CsvWriter:
    def __init__(self, file: DigestFile, schema: pa.Schema) -> None:
        self._file = file
        file.write(csv_header(schema))

    def write(self, batch: pa.RecordBatch) -> None:
        self._file.write(csv_lines(batch))

    def close(self) -> None:
        pass


class JsonLinesWriter:
    def __init__(self, file: DigestFile, schema: pa.Schema) -> None:
        self._file = file

    def write(self, batch: pa.RecordBatch) -> None:
        self._file.write(json_lines(batch))

    def close(self) -> None:
        pass


class ParquetWriter:
    """One row group a batch, so that memory does not grow with the table."""

    def __init__(self, file: DigestFile, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(pa.PythonFile(file, mode="w"), schema, compression="zstd")

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


WRITERS: Mapping[str, type[CsvWriter] | type[JsonLinesWriter] | type[ParquetWriter]] = {
    "csv": CsvWriter,
    "jsonl": JsonLinesWriter,
    "parquet": ParquetWriter,
}


@dataclass(frozen=True, kw_only=True)
class WrittenTable:
    table: Table
    rows: int
    files: dict[str, WrittenFile]
    """By format."""


def write_table(
    folder: Path,
    table: Table,
    batches: Iterable[pa.RecordBatch],
    *,
    suffix: str = "",
    facts: Mapping[str, str] | None = None,
    formats: Iterable[str] = FORMATS,
) -> WrittenTable:
    """Write `<table><suffix>.<format>` for every format; `facts` go into Parquet's own metadata.

    Raises Unwritable on a value that is missing or not finite, OSError where the disk refuses.
    """
    schema = table.schema.with_metadata(dict(facts or {}))
    rows = 0
    with ExitStack() as stack:
        files = {name: stack.enter_context(DigestFile(folder / f"{table.name}{suffix}.{name}")) for name in formats}
        writers: list[BatchWriter] = [WRITERS[name](file, schema) for name, file in files.items()]
        for writer in writers:
            stack.callback(writer.close)
        for batch in batches:
            check_batch(batch)
            for writer in writers:
                writer.write(batch.replace_schema_metadata(schema.metadata))
            rows += batch.num_rows
    return WrittenTable(table=table, rows=rows, files={name: file.written for name, file in files.items()})
