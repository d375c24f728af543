"""Text comes in by steps: shown first, read whole, gone on with after a kill, and a corpus at once or not at all."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from annotation.actions import reading_text
from annotation.actions.corpora import read_here, store_here
from annotation.actions.importing_text import (
    Wish,
    begin_reading,
    begin_storing,
    discard_import,
    propose_import,
    work_on,
)
from annotation.actions.sweeping import sweep
from annotation.enums import CorpusImportState
from annotation.interop.corpora.columns import Field
from annotation.models import AuditEvent, Corpus, CorpusImport, Document, StagedDocument
from annotation.queries.corpus_report import report_lines
from annotation.rules.refusal import NotYours, Refused
from tests.world import NOW, World, build

pytestmark = pytest.mark.django_db
CHEST, CHEST_AGAIN = "Chest pain for 3 hours.", "CHEST pain, for 12 hours"


def notes(folder: Path, *texts: str) -> Path:
    path = folder / "notes.jsonl"
    records = [{"id": f"n{number}", "text": text, "patient": "P-17"} for number, text in enumerate(texts)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def begun(path: Path, *, name: str = "Ward notes", hide: bool = False) -> CorpusImport:
    proposed = propose_import(paths=[path], study=None, by=None, now=NOW)
    mapping = {Field(field): column for field, column in proposed.mapping.items()}
    wish = Wish(name=name, source="Written for the tests.", mapping=mapping, hide_patients=hide)
    return begin_reading(wished=proposed, wish=wish, by=None, now=NOW, here=True)


def stored(read: CorpusImport, *, leave_out: bool = False, drop: bool = False) -> Corpus:
    return store_here(read, leave_out=leave_out, drop_duplicates=drop, by=None, clock=lambda: NOW)


def test_what_was_read_is_told_before_it_is_a_corpus(tmp_path: Path) -> None:
    read = read_here(begun(notes(tmp_path, CHEST, CHEST, CHEST_AGAIN, "Fever.", " ")), clock=lambda: NOW)
    assert read.state == CorpusImportState.CHECKED
    assert not Corpus.objects.exists()
    told = "\n".join(report_lines(read))
    assert "4 documents with 76 characters; the longest has 24. 0 specialties, 0 note types, 1 patient." in told
    assert "1 with the text of another, 1 that differ from another in numbers, case or punctuation alone" in told
    assert "Encoding: UTF-8 in 1 file, because it holds nothing but ASCII." in told
    assert "Without a text to be read: 1, the first of them notes.jsonl, line 5: the document “n4” has no text." in told
    assert CHEST not in told
    assert CHEST not in json.dumps([event.detail for event in AuditEvent.objects.all()])


def test_documents_without_text_are_left_out_only_where_somebody_says_so(tmp_path: Path) -> None:
    path = notes(tmp_path, CHEST, " ", " ", "Fever.")
    read = read_here(begun(path), clock=lambda: NOW)
    with pytest.raises(Refused, match=r"line 2: the document “n1” has no text. It is the first of 2"):
        begin_storing(wished=read, leave_out=False, drop_duplicates=False, by=None, now=NOW)
    assert stored(read, leave_out=True).document_count == 2
    assert not StagedDocument.objects.exists()


def test_of_documents_with_the_same_text_the_first_is_taken_where_somebody_says_so(tmp_path: Path) -> None:
    read = read_here(begun(notes(tmp_path, CHEST, "Fever.", CHEST, CHEST)), clock=lambda: NOW)
    corpus = stored(read, drop=True)
    assert set(corpus.documents.values_list("key", flat=True)) == {"n0", "n1"}


def test_patients_are_hidden_and_still_told_apart(tmp_path: Path) -> None:
    corpus = stored(read_here(begun(notes(tmp_path, CHEST, "Fever."), hide=True), clock=lambda: NOW))
    (patient,) = set(corpus.documents.values_list("patient", flat=True))
    assert len(patient) == 24
    assert "P-17" not in patient


def test_a_killed_import_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_text, "BATCH", 2)
    wished = begun(notes(tmp_path, *(f"Note {word}." for word in "abcdefg")))

    def dying() -> datetime:
        if StagedDocument.objects.count() >= 4:
            raise KeyboardInterrupt
        return NOW

    with pytest.raises(KeyboardInterrupt):
        work_on(import_id=wished.pk, clock=dying)
    wished.refresh_from_db()
    assert (wished.state, wished.read) == (CorpusImportState.CHECKING, 4)
    kept = set(wished.staged.values_list("pk", flat=True))
    read = read_here(wished, clock=lambda: NOW)
    assert kept < set(wished.staged.values_list("pk", flat=True))
    assert stored(read).document_count == 7


def test_files_that_change_while_they_are_read_refuse_the_import(tmp_path: Path) -> None:
    path = notes(tmp_path, CHEST)
    wished = begun(path)
    work_on(import_id=wished.pk, clock=lambda: NOW)
    CorpusImport.objects.update(state=CorpusImportState.CHECKING)
    path.write_text(path.read_text() + '{"id": "z", "text": "More."}\n')
    with pytest.raises(Refused, match="The files have changed since reading began"):
        read_here(wished, clock=lambda: NOW)
    assert not StagedDocument.objects.exists()


def test_reading_leaves_the_worker_to_others_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_text, "BATCH", 2)
    wished = begun(notes(tmp_path, *(f"Note {word}." for word in "abcde")))
    hours = iter(NOW + timedelta(hours=hour) for hour in range(100))
    for _ in range(3):
        work_on(import_id=wished.pk, clock=lambda: next(hours), seconds=1)
    wished.refresh_from_db()
    assert wished.state == CorpusImportState.CHECKED
    assert wished.staged.count() == 5


def test_only_a_researcher_of_the_study_imports(tmp_path: Path) -> None:
    world: World = build(open_the_round=False)
    path = notes(tmp_path, CHEST)
    with pytest.raises(Refused, match="needs the role of researcher"):
        propose_import(paths=[path], study=world.study, by=world.ada, now=NOW)
    with pytest.raises(NotYours):
        propose_import(paths=[path], study=world.study, by=world.sven, now=NOW)
    with pytest.raises(Refused, match="imported in a study"):
        propose_import(paths=[path], study=None, by=world.rosa, now=NOW)
    assert propose_import(paths=[path], study=world.study, by=world.rosa, now=NOW).state == CorpusImportState.PROPOSED


def test_the_sweep_goes_on_with_an_import_of_a_page_that_has_fallen_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build(open_the_round=False)
    sent: list[int] = []
    monkeypatch.setattr("annotation.actions.sweeping.enqueue", lambda name, **ids: sent.append(ids.get("import_id", 0)))
    proposed = propose_import(paths=[notes(tmp_path, CHEST)], study=world.study, by=world.rosa, now=NOW)
    wish = Wish(name="Ward notes", source="Ours.", mapping={Field.KEY: "id", Field.TEXT: "text"})
    begin_reading(wished=proposed, wish=wish, by=world.rosa, now=NOW)
    sweep(now=NOW + timedelta(seconds=60))
    assert proposed.pk not in sent
    sweep(now=NOW + timedelta(seconds=121))
    assert proposed.pk in sent


def test_a_discarded_import_leaves_nothing(tmp_path: Path) -> None:
    read = read_here(begun(notes(tmp_path, CHEST)), clock=lambda: NOW)
    discard_import(wished=read, by=None, now=NOW)
    assert not StagedDocument.objects.exists()
    assert not Document.objects.exists()
    with pytest.raises(Refused, match="is at “Discarded”"):
        begin_storing(wished=read, leave_out=False, drop_duplicates=False, by=None, now=NOW)
