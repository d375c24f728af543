"""The demo's researcher finds files to try an import with, and what they bring is told to her."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from annotation.actions.corpora import read_here
from annotation.actions.demo_imports import lay_out_imports
from annotation.actions.importing_text import Wish, begin_reading, propose_import
from annotation.interop.corpora.columns import Field
from annotation.queries.corpus_report import report_lines
from tests.world import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def import_root(tmp_path: Path) -> Iterator[Path]:
    with override_settings(IMPORT_ROOT=tmp_path):
        yield tmp_path


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ward-notes.csv", ["7 documents", "5 patients", "1 with the text of another", "Without a text to be read: 1"]),
        ("reports-fhir.json", ["3 documents", "3 patients"]),
    ],
)
def test_each_file_can_be_read_as_its_columns_are_proposed(import_root: Path, name: str, told: list[str]) -> None:
    folder = lay_out_imports()
    assert folder is not None
    proposed = propose_import(paths=[folder / name], study=None, by=None, now=NOW)
    mapping = {Field(field): column for field, column in proposed.mapping.items()}
    assert {Field.TEXT, Field.PATIENT, Field.SPECIALTY, Field.NOTE_TYPE} <= {key for key in mapping if mapping[key]}
    wish = Wish(name=name, source="The demo.", mapping=mapping)
    read = read_here(begin_reading(wished=proposed, wish=wish, by=None, now=NOW, here=True), clock=lambda: NOW)
    report = "\n".join(report_lines(read))
    assert [said for said in told if said not in report] == []


def test_what_the_researcher_put_there_stays(import_root: Path) -> None:
    folder = lay_out_imports()
    assert folder is not None
    (folder / "ward-notes.csv").unlink()
    (folder / "mine.txt").write_text("Fever.")
    assert lay_out_imports() == folder
    assert sorted(path.name for path in folder.iterdir()) == ["mine.txt", "reports-fhir.json"]


@override_settings(IMPORT_ROOT=None)
def test_without_an_import_folder_nothing_is_laid_out() -> None:
    assert lay_out_imports() is None
