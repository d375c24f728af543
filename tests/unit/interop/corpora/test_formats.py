"""Each format gives the same documents; columns are proposed by their names; sections are put together."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.interop.corpora.columns import Field, propose
from annotation.interop.corpora.documents import Seen
from annotation.interop.corpora.record import DocumentRecord, LeftOut
from annotation.interop.unreadable import Unreadable
from tests.unit.interop.corpora.reading import read, texts, written

NOTES = {"a": "Chest pain.\n\nPLAN: ECG, “now”.", "b": "Größe 180 cm; no fever."}


def fhir(kind: str, key: str, *attachments: dict[str, Any], **more: Any) -> dict[str, Any]:
    held = (
        {"content": [{"attachment": one} for one in attachments]}
        if kind == "DocumentReference"
        else {"presentedForm": list(attachments)}
    )
    return {"resourceType": kind, "id": key, **held, **more}


def attached(text: str, kind: str = "text/plain", **more: str) -> dict[str, Any]:
    return {"contentType": kind, "data": base64.b64encode(text.encode()).decode(), **more}


def bundle(*resources: dict[str, Any]) -> str:
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]})


def test_a_csv_file_with_quoted_line_breaks_gives_its_notes(tmp_path: Path) -> None:
    quoted = "".join(f'{key};"{text}";Cardiology\r\n' for key, text in NOTES.items())
    path = written(tmp_path, "notes.csv", "note_id;note text;Department\r\n" + quoted)
    seen = Seen()
    found = read(path, seen=seen)
    assert {one.key: one.text for one in found if isinstance(one, DocumentRecord)} == NOTES
    assert isinstance(found[0], DocumentRecord)
    assert found[0].specialty == "Cardiology"
    assert dict(seen.separators) == {"semicolon": 1}


def test_parquet_gives_its_notes_and_numbers_become_ids(tmp_path: Path) -> None:
    path = tmp_path / "notes.parquet"
    pq.write_table(pa.table({"row_id": [7, 8], "text": list(NOTES.values()), "vector": [[1.0], [2.0]]}), path)
    assert texts(path) == {"7": NOTES["a"], "8": NOTES["b"]}


def test_a_folder_of_text_files_names_documents_by_file_and_specialty_by_folder(tmp_path: Path) -> None:
    for key, text in NOTES.items():
        written(tmp_path, f"Cardiology/{key}.txt", text)
    written(tmp_path, ".DS_Store", b"\x00")
    found = read(tmp_path)
    assert [(one.key, one.specialty) for one in found if isinstance(one, DocumentRecord)] == [
        ("Cardiology/a", "Cardiology"),
        ("Cardiology/b", "Cardiology"),
    ]


def test_fhir_documents_and_reports_come_out_of_bundles_with_patient_type_and_specialty(tmp_path: Path) -> None:
    note = fhir(
        "DocumentReference",
        "1",
        attached("<p>Not this one</p>", "text/html"),
        attached(NOTES["a"], "text/plain; charset=utf-8"),
        subject={"reference": "Patient/p-1"},
        type={"coding": [{"code": "18842-5", "display": "Discharge summary"}]},
        context={"practiceSetting": {"text": "Cardiology"}},
    )
    told = base64.b64encode(hashlib.sha1(b"<h1>Findings</h1><p>Clear lungs.<br>No effusion &lt; 1 cm.</p>").digest())
    report = fhir(
        "DiagnosticReport",
        "2",
        attached("<h1>Findings</h1><p>Clear lungs.<br>No effusion &lt; 1 cm.</p>", "text/html", hash=told.decode()),
        category=[{"text": "Radiology"}],
    )
    seen = Seen()
    path = written(tmp_path, "ward.json", bundle({"resourceType": "Patient", "id": "p-1"}, note, report))
    first, second = read(path, seen=seen)
    assert first == DocumentRecord(
        key="DocumentReference/1",
        text=NOTES["a"],
        specialty="Cardiology",
        note_type="Discharge summary",
        patient="p-1",
    )
    assert isinstance(second, DocumentRecord)
    assert (second.text, second.specialty) == ("Findings\n\nClear lungs.\nNo effusion < 1 cm.", "Radiology")
    assert seen.passed == {"Patient": 1}


def test_a_bulk_export_is_fhir_by_what_its_first_line_says(tmp_path: Path) -> None:
    path = written(tmp_path, "d.ndjson", json.dumps(fhir("DocumentReference", "1", attached("Chest pain."))) + "\n")
    assert texts(path) == {"DocumentReference/1": "Chest pain."}


@pytest.mark.parametrize(
    ("resource", "sentence"),
    [
        (
            fhir("DocumentReference", "1", {"contentType": "application/pdf", "data": "JVBERi0="}),
            "only application/pdf",
        ),
        (fhir("DocumentReference", "1", {"contentType": "text/plain", "url": "Binary/9"}), "is kept elsewhere"),
        (fhir("DiagnosticReport", "1"), "has no text"),
        (fhir("DocumentReference", "1", attached("x"), status="entered-in-error"), "is marked as entered-in-error"),
    ],
)
def test_what_has_no_text_to_be_read_is_named_and_left_to_whoever_imports(
    tmp_path: Path, resource: dict[str, Any], sentence: str
) -> None:
    (found,) = read(written(tmp_path, "b.json", bundle(resource)))
    assert isinstance(found, LeftOut)
    assert sentence in str(found)
    assert "b.json, entry 1" in str(found)


@pytest.mark.parametrize(
    ("attachment", "sentence"),
    [
        (attached("Chest pain.", hash="AAAA"), "not what its hash says"),
        ({"contentType": "text/plain", "data": "@@@"}, "no base64"),
        ({"contentType": "text/plain", "data": "4pyT", "url": 1} | {"data": "/w=="}, "not in utf-8"),
        (attached("x", "text/plain; charset=klingon"), "charset “klingon” is unknown"),
    ],
)
def test_a_damaged_attachment_refuses_the_file(tmp_path: Path, attachment: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        read(written(tmp_path, "b.json", bundle(fhir("DocumentReference", "1", attachment))))


def test_rows_that_are_sections_become_one_document_with_their_headers(tmp_path: Path) -> None:
    path = written(
        tmp_path, "s.csv", "note_id,section,text,service\n1,Plan,ECG.,ED\n1,History:,Pain.,ED\n2,,Fever.,ED\n"
    )
    assert texts(path) == {"1": "Plan:\nECG.\n\nHistory:\nPain.", "2": "Fever."}


def test_without_an_id_documents_may_be_named_by_their_rows(tmp_path: Path) -> None:
    path = written(tmp_path, "k.csv", ",transcription\n0,Chest pain.\n1,Fever.\n")
    with pytest.raises(Unreadable, match=r"No column is named for the id. There are “column 1”, “transcription”"):
        read(path)
    assert texts(path, id="#row") == {"k-1": "Chest pain.", "k-2": "Fever."}


def test_columns_are_proposed_by_their_names_and_none_twice() -> None:
    assert propose(["Report Type", "TEXT", "subject_id", "hadm_id", "x"]) == {
        Field.KEY: "hadm_id",
        Field.TEXT: "TEXT",
        Field.NOTE_TYPE: "Report Type",
        Field.PATIENT: "subject_id",
    }
    assert propose(["id", "report", "note"]) == {Field.KEY: "id", Field.TEXT: "note"}
