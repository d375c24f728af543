"""Corpus files are read line by line, and refused with the line's number."""

import gzip
from pathlib import Path

import pytest

from saeserve.documents import BadCorpus, Document, read_documents


def test_plain_and_packed_files_give_the_same_documents(tmp_path: Path) -> None:
    lines = b'{"id": "a", "text": "Chest pain.", "specialty": "Cardiology"}\n\n{"id": "b", "text": "\xc3\xa9"}\n'
    (tmp_path / "c.jsonl").write_bytes(lines)
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(lines))
    expected = [Document("a", "Chest pain.", "Cardiology"), Document("b", "é")]
    assert list(read_documents(tmp_path / "c.jsonl")) == expected
    assert list(read_documents(tmp_path / "c.jsonl.gz")) == expected


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (b'{"id": "a", "text": "x"}\n{"id": "b", "text": "caf\xe9"}\n', "line 2 is not UTF-8"),
        (b'{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}\n', "line 2: the id 'a' occurs twice"),
        (b'{"id": "a", "text": " \\n "}\n', "line 1 has an empty text"),
        (b'{"id": "a", "text": ""}\n', "line 1 has no text"),
        (b'{"text": "x"}\n', "line 1 has no id"),
        (b'{"id": 7, "text": "x"}\n', "line 1 has no id"),
        (b'{"id": "a", "text": "\\ud800"}\n', "half a character"),
        (b"[1]\n", "not a JSON object"),
        (b"{\n", "line 1 is not JSON"),
        (b"\n", "holds no document"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(tmp_path: Path, lines: bytes, words: str) -> None:
    (tmp_path / "c.jsonl").write_bytes(lines)
    with pytest.raises(BadCorpus, match=words):
        list(read_documents(tmp_path / "c.jsonl"))


def test_missing_and_truncated_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCorpus, match="cannot be read"):
        list(read_documents(tmp_path / "none.jsonl"))
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b'{"id": "a", "text": "x"}\n' * 9)[:-12])
    with pytest.raises(BadCorpus, match="cannot be read"):
        list(read_documents(tmp_path / "c.jsonl.gz"))
