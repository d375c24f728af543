"""A corpus file that is wrong gets a sentence with file and line, and nothing of it stays."""

import hashlib
import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from annotation.models import Corpus, Document
from saeserve import contract
from tests.world import DEMO

GOOD = {"id": "a", "text": "Chest pain since yesterday.", "specialty": "Cardiology", "note_type": "admission"}

pytestmark = pytest.mark.django_db


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def run(path: Path, *more: Path, name: str = "Ward notes") -> str:
    out = StringIO()
    call_command("import_corpus", path, *more, name=name, source="Written for the tests.", stdout=out)
    return out.getvalue()


def test_a_good_file_is_imported_and_written_for_the_gpu_side(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(lines(GOOD, {"id": "b", "text": "Größe 180 cm 😀."}))
    assert "2 documents" in run(path)
    corpus = Corpus.objects.get()
    written = (settings.ARTIFACT_ROOT / "corpora" / corpus.digest / "documents.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["id"] for line in written.splitlines()] == ["a", "b"]


def test_the_same_content_again_is_the_same_corpus_whatever_the_order(tmp_path: Path) -> None:
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    other = {"id": "b", "text": "No chest pain."}
    first.write_bytes(lines(GOOD, other))
    second.write_bytes(lines(other, GOOD))
    run(first)
    run(second, name="Again")
    assert Corpus.objects.count() == 1


def test_a_patient_goes_out_to_the_gpu_side_and_is_part_of_the_digest(tmp_path: Path) -> None:
    known, other, unknown = tmp_path / "1.jsonl", tmp_path / "2.jsonl", tmp_path / "3.jsonl"
    known.write_bytes(lines({**GOOD, "patient": "P-17"}))
    other.write_bytes(lines({**GOOD, "patient": "P-18"}))
    unknown.write_bytes(lines(GOOD))
    for number, path in enumerate((known, other, unknown)):
        run(path, name=f"Corpus {number}")
    assert Document.objects.get(corpus__name="Corpus 0").patient == "P-17"
    assert Corpus.objects.count() == 3
    digest = Corpus.objects.get(name="Corpus 0").digest
    written = (settings.ARTIFACT_ROOT / "corpora" / digest / "documents.jsonl").read_text(encoding="utf-8")
    assert set(json.loads(written)) == set(contract.DOCUMENT_FIELDS)
    assert json.loads(written)["patient"] == "P-17"


def test_a_corpus_that_names_no_patient_keeps_the_digest_that_it_always_had(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(lines(GOOD))
    run(path)
    as_before = json.dumps([GOOD["id"], GOOD["text"], GOOD["specialty"], GOOD["note_type"]], separators=(",", ":"))
    assert Corpus.objects.get().digest == hashlib.sha256(as_before.encode() + b"\n").hexdigest()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"id": "a", "text": "caf\xe9"}\n', "line 1: not UTF-8"),
        (lines(GOOD, GOOD), "line 2: the id “a” was used already in notes.jsonl, line 1"),
        (lines(GOOD, {"id": "b", "text": "  "}), "line 2: the document “b” has no text"),
        (lines({"text": "No id."}), "No column is named for the id. There are “text”"),
        (lines(GOOD, {"text": "No id."}), "line 2: the document has no id"),
        (lines(GOOD | {"text": "x" * 10_000_000}), "line 1: longer than 4 MB"),
        (b"[1, 2]\n", "line 1: not a JSON object"),
        (b"{broken\n", "line 1: not JSON"),
        (lines(GOOD | {"text": "a\x00b"}), "holds a NUL character"),
        (b'{"id": "a", "text": "half \\ud83d"}\n', "half a surrogate pair"),
        (b"[" * 100_000 + b"\n", "line 1: not JSON"),
        (b"", "holds no document"),
    ],
)
def test_a_bad_file_gets_a_sentence_and_leaves_nothing(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=sentence):
        run(path)
    assert not Corpus.objects.exists()
    assert not Document.objects.exists()


def test_a_file_that_is_not_there_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run(tmp_path / "nowhere.jsonl")


def test_a_name_that_is_taken_by_other_documents_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_bytes(lines(GOOD))
    run(path)
    path.write_bytes(lines(GOOD | {"id": "z"}))
    with pytest.raises(CommandError, match="another name"):
        run(path)


def test_the_demo_notes_are_at_least_three_hundred_of_twelve_specialties() -> None:
    run(*sorted((DEMO / "notes").glob("*.jsonl")))
    assert Document.objects.count() >= 300
    assert Document.objects.values("specialty").distinct().count() >= 12
    assert Document.objects.values("note_type").distinct().count() >= 7
