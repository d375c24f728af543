"""Whether a downloaded release is intact: digests, schema and counts, from its own files alone."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from annotation.export.columns import ARROW, Kind
from annotation.export.files import SUMS, read_sums, sha256_of
from annotation.export.manifest import MANIFEST, read_manifest

Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    files: int
    rows: int
    """Of all tables, each counted once."""
    problems: tuple[str, ...]


def verify(folder: Path) -> Verdict:
    """Read every file of the release. Raises UnreadableManifest if there is nothing to compare with."""
    manifest = read_manifest(folder)
    problems = list(_digests(folder, manifest))
    for file in manifest["files"]:
        if (folder / file["name"]).is_file():
            problems += _content(folder / file["name"], file, manifest["tables"][file["table"]])
    rows = sum(table["rows"] for table in manifest["tables"].values())
    return Verdict(files=len(manifest["files"]), rows=rows, problems=tuple(problems))


def _digests(folder: Path, manifest: Record) -> Iterator[str]:
    try:
        listed = read_sums((folder / SUMS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        yield f"{SUMS} is missing."
        return
    except ValueError as error:
        yield str(error)
        return
    for name, digest in sorted(listed.items()):
        if not (folder / name).is_file():
            yield f"{name} is missing."
        elif sha256_of(folder / name) != digest:
            yield f"{name} was altered or damaged: its digest is not the one in {SUMS}."
    if MANIFEST not in listed:
        yield f"{SUMS} does not list {MANIFEST}."
    for file in manifest["files"]:
        if listed.get(file["name"]) != file["sha256"]:
            yield f"{SUMS} and {MANIFEST} disagree about the digest of {file['name']}."


def _content(path: Path, file: Record, table: Record) -> Iterator[str]:
    try:
        rows = READERS[file["format"]](path, table)
    except (pa.ArrowInvalid, pa.ArrowKeyError, ValueError, OSError) as error:
        yield f"{path.name} cannot be read: {str(error).splitlines()[0]}"
        return
    if rows != table["rows"]:
        yield f"{path.name} has {rows:,} rows; the manifest says {table['rows']:,}."


def _schema(table: Record) -> pa.Schema:
    return pa.schema(
        [pa.field(c["name"], ARROW[Kind(c["type"])], nullable=c["may_be_missing"]) for c in table["columns"]]
    )


def _read_csv(path: Path, table: Record) -> int:
    # A list is a JSON array in a text cell.
    types = {field.name: pa.string() if pa.types.is_list(field.type) else field.type for field in _schema(table)}
    reader = pyarrow.csv.open_csv(
        path,
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    with reader:
        _check_names(reader.schema.names, table)
        return sum(_checked(batch, table).num_rows for batch in reader)


def _read_json_lines(path: Path, table: Record) -> int:
    rows = 0
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            _check_names(list(json.loads(line)), table)
            rows += 1
    return rows


def _read_parquet(path: Path, table: Record) -> int:
    with pq.ParquetFile(path) as file:
        _check_names(file.schema_arrow.names, table)
        if not file.schema_arrow.equals(_schema(table)):
            raise ValueError("its columns are not of the types that the manifest says.")
        return sum(_checked(batch, table).num_rows for batch in file.iter_batches())


def _check_names(found: list[str], table: Record) -> None:
    wanted = [column["name"] for column in table["columns"]]
    if found != wanted:
        raise ValueError(f"it has the columns {', '.join(found)}; the manifest says {', '.join(wanted)}.")


def _checked(batch: pa.RecordBatch, table: Record) -> pa.RecordBatch:
    for column in table["columns"]:
        if not column["may_be_missing"] and batch.column(column["name"]).null_count:
            raise ValueError(f"the column “{column['name']}” lacks a value.")
    return batch


READERS: Mapping[str, Callable[[Path, Record], int]] = {
    "csv": _read_csv,
    "jsonl": _read_json_lines,
    "parquet": _read_parquet,
}
