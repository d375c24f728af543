"""What is not what it says, or says too much, is refused by a sentence with file and line, and never with its text."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.interop.corpora import encodings, parquet_rows
from annotation.interop.unreadable import Unreadable
from tests.unit.interop.corpora.reading import read, texts, written

SECRET = "Mrs Robinson has chest pain"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("n.csv", b"PK\x03\x04" + b"x" * 50, "n.csv is a zip archive, whatever its name says"),
        ("n.jsonl", b"\x1f\x8b\x08", "n.jsonl is a gzip file"),
        ("n.parquet", b"PAR1" + b"\xff" * 100 + b"PAR1", "n.parquet is no Parquet file, or damaged"),
        ("n.docx", b"x", "files of this name are not read"),
        ("n.jsonl", b"[" * 200_000, "n.jsonl, line 1: not JSON, or nested too deeply"),
        ("n.json", b'{"a":' * 100_000, "n.json: not JSON, or nested too deeply"),
        ("n.json", b'{"id": 1}', "n.json: no FHIR resource"),
        ("n.json", b'{"resourceType": "Bundle", "entry": [{"fullUrl": "x"}]}', "n.json, entry 1: holds no resource"),
        ("n.jsonl", b'{"id": "a", "text": "' + b"x" * 5_000_000 + b'"}', "n.jsonl, line 1: longer than 4 MB"),
        ("n.txt", b"x" * 5_000_000, "n.txt: longer than 4 MB"),
        ("n.csv", b"id,text\na,Fine.\nb,x\x00y\n", "n.csv, line 3: holds a NUL character"),
        ("n.jsonl", b'{"id": "a", "text": "x\\u0000y"}', "n.jsonl, line 1: the text of “a” holds a NUL character"),
        ("n.jsonl", b'{"id": "a", "text": ["x"]}', "n.jsonl, line 1: the field “text” holds no text"),
        ("n.csv", b'id,text\na,"open\nb,x\n', "n.csv, line 2: no CSV record"),
        ("n.csv", b'id,text\na,"open\n' + b"x" * 1000 + b"\n" * 5_000_000, "a record longer than 4 MB"),
        ("n.csv", b"id,text\na,Fine.\nb,Chest pain, fever\n", "n.csv, line 3: 3 fields where line 1 names 2 columns"),
        ("n.csv", b"id,id\na,b\n", "two columns have the same name"),
        ("n.csv", f"1,{SECRET * 4}\n".encode(), "line 1: holds a text where column names should stand"),
        ("n.csv", b"", "n.csv, line 1: empty"),
        ("n.jsonl", "x".encode("utf-32"), "UTF-32, which is not read"),
    ],
)
def test_hostile_files_are_refused(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence) as error:
        read(written(tmp_path, name, content))
    assert SECRET not in str(error.value)


def test_links_pipes_and_mixed_formats_are_refused(tmp_path: Path) -> None:
    outside = written(tmp_path, "outside/secret.txt", SECRET)
    folder = tmp_path / "corpus"
    written(folder, "a.txt", "Fine.")
    (folder / "b.txt").symlink_to(outside)
    with pytest.raises(Unreadable, match=r"b.txt is a link, which could lead anywhere"):
        read(folder)
    (folder / "b.txt").unlink()
    (folder / "sub").symlink_to(outside.parent, target_is_directory=True)
    with pytest.raises(Unreadable, match="sub is a link"):
        read(folder)
    (folder / "sub").unlink()
    os.mkfifo(folder / "pipe.txt")
    with pytest.raises(Unreadable, match=r"pipe.txt is no plain file"):
        read(folder)
    (folder / "pipe.txt").unlink()
    written(folder, "b.csv", "id,text\n")
    with pytest.raises(Unreadable, match="of different formats"):
        read(folder)


def test_a_parquet_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["x" * 3_000_000, "y" * 3_000_000]}), path, compression="zstd")
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(parquet_rows, "GROUP_LIMIT", 1_000_000)
    with pytest.raises(Unreadable, match=r"row group 1: the column “text” unpacks to more than"):
        read(path)


def test_parquet_that_is_cut_off_or_lacks_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": ["a"], "text": ["Fine."]}), path)
    pq.write_table(pa.table({"id": ["a"], "words": ["Fine."]}), tmp_path / "b.parquet")
    with pytest.raises(Unreadable, match=r"b.parquet has no column “text”"):
        read(path, tmp_path / "b.parquet")
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(20) + whole[24:])
    with pytest.raises(Unreadable, match="damaged Parquet"):
        read(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"caf\xe9, 3 a day", "line 1: not UTF-8 .byte 4.. It reads as Latin-1: none of its 1 bytes above ASCII"),
        (b"Fine.\n\x93caf\xe9\x94", "line 2: not UTF-8 .byte 1.. It reads as Windows-1252: 2 of its 3 bytes"),
        (b"Fine.\n\x81\xe9", "line 2: .*Nor is it Windows-1252 or Latin-1, where the byte 0x81 stands for no letter"),
        (b"C\x00h\x00e\x00", "line 1: holds a NUL character. It is no text, or UTF-16 without its mark"),
        (b"\xff\xfeC\x00h\x00e", "says that it is UTF-16 and is not"),
        (b"\xff\xfeC\x00\x00\x00", "line 1: holds a NUL character"),
    ],
)
def test_what_is_not_utf_8_is_refused_with_what_it_reads_as_and_why(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    with pytest.raises(Unreadable, match=sentence):
        read(written(tmp_path, "a.txt", content))


def test_a_named_encoding_is_taken_for_files_that_are_not_utf_8_alone(tmp_path: Path) -> None:
    written(tmp_path, "a.txt", "“café”".encode("windows-1252"))
    written(tmp_path, "b.txt", "“café”")
    written(tmp_path, "c.txt", "“café”".encode("utf-16"))
    written(tmp_path, "d.txt", "“café”".encode("utf-8-sig"))
    assert set(texts(tmp_path, legacy="windows-1252").values()) == {"“café”"}
    with pytest.raises(Unreadable, match="--if-not-utf-8 windows-1252"):
        read(tmp_path)


def test_a_letter_cut_by_a_block_of_reading_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "CHUNK", 3)
    assert texts(written(tmp_path, "a.txt", "aaé\nbü"))["a"] == "aaé\nbü"
    with pytest.raises(Unreadable, match=r"a.txt, line 2: not UTF-8 .byte 2.\."):
        read(written(tmp_path, "a.txt", b"aa\xc3\xa9\nb\xfc\nc"))
