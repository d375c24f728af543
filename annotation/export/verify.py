"""Whether a downloaded release is intact: digests, schema and counts, from its own files alone."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from annotation.export.columns import ARROW, Kind
from annotation.export.files import SUMS, read_sums, sha256_of
from annotation.export.manifest import MANIFEST, read_manifest

Record = Mapping[str, Any]
JSON_BLOCK = 8 * 1024 * 1024
"""Bytes that are parsed at a time; no line may be longer."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    files: int
    rows: int
    """Of all tables, each counted once."""
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Counted:
    rows: int
    missing: tuple[int, ...]
    """Missing values by column, in the table's order."""


def verify(folder: Path) -> Verdict:
    """Read every file of the release. Raises UnreadableManifest if there is nothing to compare with."""
    manifest = read_manifest(folder)
    problems = list(_digests(folder, manifest))
    for name, table in manifest["tables"].items():
        problems += _contents(folder, [file for file in manifest["files"] if file["table"] == name], table)
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


def _contents(folder: Path, files: Sequence[Record], table: Record) -> Iterator[str]:
    """Of one table's files: each as the manifest says, and as many missing values in one as in another."""
    first: tuple[str, _Counted] | None = None
    for file in files:
        path = folder / file["name"]
        if not path.is_file():
            continue
        try:
            counted = READERS[file["format"]](path, table)
        except (pa.ArrowInvalid, pa.ArrowKeyError, ValueError, OSError) as error:
            yield f"{path.name} cannot be read: {str(error).splitlines()[0]}"
            continue
        if counted.rows != table["rows"]:
            yield f"{path.name} has {counted.rows:,} rows; the manifest says {table['rows']:,}."
        first = first or (path.name, counted)
        for column, one, other in zip(table["columns"], first[1].missing, counted.missing, strict=True):
            if one != other:
                yield f"{path.name} lacks {other:,} values of “{column['name']}”; {first[0]} lacks {one:,}."


def _schema(table: Record) -> pa.Schema:
    return pa.schema(
        [pa.field(c["name"], ARROW[Kind(c["type"])], nullable=c["may_be_missing"]) for c in table["columns"]]
    )


def _read_csv(path: Path, table: Record) -> _Counted:
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
        return _counted(reader, table)


def _read_json_lines(path: Path, table: Record) -> _Counted:
    """Keys and their order are those of the first line; a line with another key is none of the table's."""
    with path.open(encoding="utf-8") as lines:
        first = lines.readline()
    if not first:
        return _counted([], table)
    _check_names(list(json.loads(first)), table)
    reader = pyarrow.json.open_json(
        path,
        read_options=pyarrow.json.ReadOptions(block_size=JSON_BLOCK),
        parse_options=pyarrow.json.ParseOptions(
            explicit_schema=_schema(table), unexpected_field_behavior="error", newlines_in_values=False
        ),
    )
    with reader:
        return _counted(reader, table)


def _read_parquet(path: Path, table: Record) -> _Counted:
    with pq.ParquetFile(path) as file:
        _check_names(file.schema_arrow.names, table)
        if not file.schema_arrow.equals(_schema(table)):
            raise ValueError("its columns are not of the types that the manifest says.")
        return _counted(file.iter_batches(), table)


def _check_names(found: list[str], table: Record) -> None:
    wanted = [column["name"] for column in table["columns"]]
    if found != wanted:
        raise ValueError(f"it has the columns {', '.join(found)}; the manifest says {', '.join(wanted)}.")


def _counted(batches: Iterable[pa.RecordBatch], table: Record) -> _Counted:
    """Raises ValueError where a value is missing that may not be."""
    rows, missing = 0, [0] * len(table["columns"])
    for batch in batches:
        rows += batch.num_rows
        for place, column in enumerate(table["columns"]):
            missing[place] += batch.column(column["name"]).null_count
            if missing[place] and not column["may_be_missing"]:
                raise ValueError(f"the column “{column['name']}” lacks a value.")
    return _Counted(rows=rows, missing=tuple(missing))


READERS: Mapping[str, Callable[[Path, Record], _Counted]] = {
    "csv": _read_csv,
    "jsonl": _read_json_lines,
    "parquet": _read_parquet,
}
