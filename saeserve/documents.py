"""A corpus as the GPU side reads it: JSON Lines, one document a line, streamed."""

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from saeserve.refusal import Refusal


class BadCorpus(Refusal):
    """The corpus file cannot be used."""


@dataclass(frozen=True)
class Document:
    """One clinical note."""

    id: str
    text: str
    specialty: str = ""
    note_type: str = ""
    patient: str = ""
    """Pseudonym; empty where the patient is not known."""


@dataclass(frozen=True)
class Line:
    """Where a document stands in its file."""

    offset: int
    """Bytes before it."""
    document: Document


def read_documents(path: Path) -> Iterator[Document]:
    """Documents of a `.jsonl` or `.jsonl.gz` file in file order.

    Raises BadCorpus, naming the line, where the file is missing, empty, not UTF-8, not JSON, repeats an id or holds
    an empty text.
    """
    for line in read_lines(path):
        yield line.document


def read_lines(path: Path) -> Iterator[Line]:
    """The same documents, each with its place in the file, by which `read_documents_at` finds it again."""
    seen: set[str] = set()
    for number, offset, line in _lines(path):
        document = _parse(line, path.name, number)
        if document.id in seen:
            raise BadCorpus(
                f"{path.name} line {number}: the id {document.id!r} occurs twice; give each document its own."
            )
        seen.add(document.id)
        yield Line(offset, document)
    if not seen:
        raise BadCorpus(f"{path.name} holds no document; write one JSON object a line, with id and text.")


def read_documents_at(path: Path, offsets: Iterable[int]) -> list[Document]:
    """Documents of an uncompressed file by the bytes before each, in the order asked for. Raises BadCorpus."""
    try:
        with path.open("rb") as file:
            return [_read_at(file, offset, path.name) for offset in offsets]
    except OSError as error:
        raise BadCorpus(
            f"The corpus {path} cannot be read ({error}); check the path and that it is complete."
        ) from error


def _read_at(file: BinaryIO, offset: int, name: str) -> Document:
    file.seek(offset)
    return _parse(file.readline(), f"{name} byte {offset:,}:", 1)


def _lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Number, bytes before it, and bytes of each line that is not empty."""
    offset = 0
    try:
        with _open(path) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, offset, line
                offset += len(line)
    except (OSError, EOFError) as error:
        raise BadCorpus(
            f"The corpus {path} cannot be read ({error}); check the path and that it is complete."
        ) from error


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _parse(line: bytes, name: str, number: int) -> Document:
    try:
        record = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadCorpus(f"{name} line {number} is not UTF-8 (byte {error.start}); save the file as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise BadCorpus(f"{name} line {number} is not JSON ({error.msg}); write one object a line.") from error
    if not isinstance(record, dict):
        raise BadCorpus(f"{name} line {number} is not a JSON object; write one with id and text.")
    text = _string(record, "text", name, number)
    if not text.strip():
        raise BadCorpus(f"{name} line {number} has an empty text; leave such documents out.")
    return Document(
        id=_string(record, "id", name, number),
        text=text,
        specialty=str(record.get("specialty") or ""),
        note_type=str(record.get("note_type") or ""),
        patient=str(record.get("patient") or ""),
    )


def _string(record: dict[str, Any], key: str, name: str, number: int) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value:
        raise BadCorpus(f"{name} line {number} has no {key}; every document needs an id and a text, both strings.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadCorpus(
            f"{name} line {number}: the {key} holds half a character (a lone surrogate); repair it."
        ) from error
    return value
