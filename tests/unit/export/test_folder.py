"""A release's folder, and the check that proves it intact."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.export.columns import Column, Kind, Table
from annotation.export.folder import write_folder
from annotation.export.manifest import UnreadableManifest
from annotation.export.text import Unwritable
from annotation.export.verify import verify

NOW = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)
FACTS = {"study": {"slug": "hearts", "name": "Hearts", "purpose": "A study."}, "release": {"number": 3}}


def column(name: str, kind: Kind, empty: str = "") -> Column:
    return Column(name=name, kind=kind, meaning=f"The {name}.", source="Test.field", empty=empty)


TABLE = Table(
    name="votes",
    rows="one vote",
    key=("rater",),
    columns=(
        column("rater", Kind.TEXT),
        column("why", Kind.TEXT, "not said"),
        column("grade", Kind.INTEGER, "none"),
        column("share", Kind.NUMBER),
        column("flags", Kind.LIST, "none"),
        column("at", Kind.MOMENT),
        column("simulated", Kind.YES_NO),
    ),
)


def rows(count: int, **changes: Any) -> pa.RecordBatch:
    row = {"why": 'a "b",\nc', "grade": None, "share": 1 / 3, "flags": ["x, y"], "at": NOW, "simulated": False}
    return pa.RecordBatch.from_pylist(
        [{**row, "rater": f"R{number:02d}", **changes} for number in range(count)], schema=TABLE.schema
    )


def write(folder: Path, *batches: pa.RecordBatch, simulated: bool = False) -> dict[str, Any]:
    folder.mkdir()
    return write_folder(folder, [(TABLE, iter(batches))], FACTS, simulated=simulated, cut_at=NOW)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "release", rows(3), rows(2))
    return tmp_path / "release"


def test_a_fresh_release_is_intact(folder: Path) -> None:
    verdict = verify(folder)
    assert (verdict.problems, verdict.files, verdict.rows) == ((), 3, 5)


def test_a_table_without_rows_is_a_table(tmp_path: Path) -> None:
    manifest = write(tmp_path / "empty")
    assert manifest["tables"]["votes"]["rows"] == 0
    assert verify(tmp_path / "empty").problems == ()
    assert (tmp_path / "empty" / "votes.csv").read_bytes() == b"rater,why,grade,share,flags,at,simulated\r\n"


def test_each_batch_is_a_row_group_of_the_parquet_file(folder: Path) -> None:
    with pq.ParquetFile(folder / "votes.parquet") as file:
        assert file.num_row_groups == 2
        assert file.schema_arrow.field("grade").metadata[b"meaning"] == b"The grade."
        assert file.schema_arrow.metadata[b"study"] == b"hearts"


def test_the_same_rows_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "again", rows(3), rows(2))
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_a_value_that_is_missing_stops_the_release(tmp_path: Path) -> None:
    with pytest.raises(Unwritable, match="“rater”"):
        write(tmp_path / "broken", rows(1, rater=None))


def test_the_read_me_says_what_is_simulated(tmp_path: Path) -> None:
    manifest = write(tmp_path / "simulated", rows(1, simulated=True), simulated=True)
    assert "SIMULATED" in (tmp_path / "simulated" / "README.txt").read_text()
    assert {file["name"] for file in manifest["files"]} == {
        f"votes.simulated.{end}" for end in ("csv", "jsonl", "parquet")
    }


def flip_a_byte(folder: Path) -> None:
    path = folder / "votes.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


def drop_the_last_line(folder: Path) -> None:
    path = folder / "votes.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def change_a_line(folder: Path, old: str, new: str) -> None:
    path = folder / "votes.jsonl"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def change_the_count(folder: Path) -> None:
    edit_manifest(folder, lambda manifest: manifest["tables"]["votes"].update(rows=6))


def rename_a_column(folder: Path) -> None:
    edit_manifest(folder, lambda manifest: manifest["tables"]["votes"]["columns"][0].update(name="person"))


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (flip_a_byte, "votes.parquet was altered or damaged"),
        (drop_the_last_line, "votes.jsonl has 4 rows; the manifest says 5"),
        (change_the_count, "votes.csv has 5 rows; the manifest says 6"),
        (rename_a_column, "votes.csv cannot be read: it has the columns rater, why"),
        (lambda folder: (folder / "votes.csv").unlink(), "votes.csv is missing."),
        (lambda folder: (folder / "SHA256SUMS").unlink(), "SHA256SUMS is missing."),
        (lambda folder: (folder / "SHA256SUMS").write_text("nonsense\n"), "names no digest and file"),
        (lambda folder: (folder / "votes.csv").write_bytes(b"rater,why\r\n"), "votes.csv"),
        (
            lambda folder: change_a_line(folder, '"flags":["x, y"]', '"flags":null'),
            "lacks 1 values of “flags”; votes.csv",
        ),
        (lambda folder: change_a_line(folder, '"share":', '"part":'), "votes.jsonl cannot be read: it has the columns"),
        (lambda folder: change_a_line(folder, '"rater":"R01"', '"who":"R01"'), "votes.jsonl cannot be read"),
        (
            lambda folder: change_a_line(folder, '"rater":"R01"', '"rater":null'),
            "votes.jsonl cannot be read: JSON parse error: a required field was null",
        ),
        (lambda folder: change_a_line(folder, '"share":0.', '"share":"0.'), "votes.jsonl cannot be read"),
    ],
)
def test_damage_is_found_and_named(folder: Path, damage: Callable[[Path], Any], sentence: str) -> None:
    damage(folder)
    assert any(sentence in problem for problem in verify(folder).problems), verify(folder).problems


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(None, "holds no manifest.json"), ("{", "is damaged"), ('{"format": "other"}', "is not in the format")],
)
def test_a_folder_that_is_no_release_is_told_so(tmp_path: Path, text: str | None, sentence: str) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(UnreadableManifest, match=sentence):
        verify(tmp_path)
