"""Reads a corpus file: JSON Lines, one document a line, with a sentence for each thing that can be wrong."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation.rules.refusal import Refused

LINE_LIMIT = 4 * 1024 * 1024
"""Bytes. A clinical note has some kilobytes; a longer line is a file in the wrong format."""


@dataclass(frozen=True, kw_only=True)
class DocumentRecord:
    key: str
    text: str
    specialty: str
    note_type: str
    patient: str = ""
    """Pseudonym; empty where the corpus does not say whose document it is."""


def read_corpus(paths: list[Path]) -> list[DocumentRecord]:
    """All documents of the files, in order.

    Raises Refused with file and line if one is not UTF-8, not JSON, too long, without id or text, or repeated.
    """
    documents: list[DocumentRecord] = []
    seen: dict[str, str] = {}
    for path in paths:
        for place, document in _documents(path):
            if document.key in seen:
                raise Refused(
                    f"{place}: the id “{document.key}” was used already in {seen[document.key]}. "
                    "Give each document its own."
                )
            seen[document.key] = place
            documents.append(document)
    if not documents:
        raise Refused(
            "The corpus holds no document. Give a file with one JSON object a line: id, text and, if known, specialty, "
            "note_type, patient."
        )
    return documents


def _documents(path: Path) -> Iterator[tuple[str, DocumentRecord]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}. Check the name and your rights.") from error
    with file:
        number = 0
        while line := file.readline(LINE_LIMIT + 1):
            number += 1
            place = f"{path.name}, line {number}"
            if len(line) > LINE_LIMIT:
                raise Refused(
                    f"{place}: longer than {LINE_LIMIT // 1024 // 1024} MB. Is it JSON Lines, one document a line?"
                )
            if line.strip():
                yield place, _document(place, line)


def _document(place: str, line: bytes) -> DocumentRecord:
    try:
        record = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Refused(
            f"{place}: not UTF-8 (byte {error.start + 1}). Save the file as UTF-8 and import it again."
        ) from error
    except (ValueError, RecursionError) as error:
        raise Refused(f"{place}: not JSON. Each line must be one JSON object.") from error
    if not isinstance(record, dict):
        raise Refused(f'{place}: not a JSON object. Each line must look like {{"id": …, "text": …}}.')
    key, text = _word(place, record, "id"), record.get("text")
    if not key:
        raise Refused(f"{place}: the document has no id.")
    if not isinstance(text, str) or not text.strip():
        raise Refused(f"{place}: the document “{key}” has no text.")
    if "\x00" in text or not _is_text(text):
        raise Refused(f"{place}: the text of “{key}” holds a NUL character or half a surrogate pair. Remove it.")
    words = {field: _word(place, record, field) for field in ("specialty", "note_type", "patient")}
    return DocumentRecord(key=key, text=text, **words)


def _word(place: str, record: dict[str, Any], field: str) -> str:
    value = str(record.get(field) or "").strip()
    if len(value) > 120 or "\x00" in value or not _is_text(value):
        raise Refused(f"{place}: the field {field} must be a short word, at most 120 characters.")
    return value


def _is_text(value: str) -> bool:
    """Whether it can be written as UTF-8: JSON may escape half a surrogate pair, which is no character."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
