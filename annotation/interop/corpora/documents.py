"""Rows to documents, one after another."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import PurePosixPath
from typing import Any

from annotation.interop.corpora.columns import ROW_NUMBER, Columns, Field
from annotation.interop.corpora.csv_rows import csv_rows, separator_of
from annotation.interop.corpora.encodings import Encoding, find_encoding
from annotation.interop.corpora.fhir import COLUMNS as FHIR_COLUMNS
from annotation.interop.corpora.fhir import fhir_rows
from annotation.interop.corpora.json_lines import json_rows
from annotation.interop.corpora.parquet_rows import parquet_columns, parquet_rows
from annotation.interop.corpora.record import DOCUMENT_LIMIT, DocumentRecord, Lack, LeftOut, Row
from annotation.interop.corpora.sources import Format, SourceFile, Sources
from annotation.interop.corpora.text_folder import FOLDER, NAME, TEXT, text_rows
from annotation.interop.corpora.text_lines import MEGABYTES
from annotation.interop.unreadable import Unreadable

WORD_LIMIT, KEY_LIMIT = 120, 200
"""Characters of a specialty, note type or patient; of an id."""
LOOKED_AT = 1000
"""Rows from which columns are known where a format does not list them."""
LOOKED_AT_CHARACTERS = 8_000_000
FIRST = 1024 * 1024
"""Bytes by which the encoding is judged while columns are proposed; before anything is taken, all of the file is."""


@dataclass(kw_only=True)
class Seen:
    """What was noticed on the way, for the report."""

    encodings: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """By (name, reason), the files."""
    passed: Counter[str] = field(default_factory=Counter)
    """FHIR resources that are no documents, by type."""
    separators: dict[str, int] = field(default_factory=Counter)
    """Of CSV files, by word."""


def columns_of(sources: Sources, *, legacy: str = "") -> list[str]:
    """The columns of the first file, in order. Raises Unreadable."""
    if sources.format == Format.TEXT:
        return [NAME, FOLDER, TEXT]
    if sources.format == Format.FHIR:
        return list(FHIR_COLUMNS)
    if sources.format == Format.PARQUET:
        return parquet_columns(sources.files[0])
    rows = _rows(sources.format, sources.files[0], (), Seen(), legacy, first=FIRST)
    found: dict[str, None] = {}
    characters = 0
    for row in islice(rows, LOOKED_AT):
        found |= dict.fromkeys(row.values)
        characters += sum(len(value) for value in row.values.values() if isinstance(value, str))
        if characters > LOOKED_AT_CHARACTERS:
            break
    if not found:
        raise Unreadable(
            "The corpus holds no document. Give a file with one record a document: id, text and, if known, specialty, "
            "note type, patient."
        )
    return list(found)


def read_documents(
    sources: Sources, columns: Columns, *, seen: Seen, legacy: str = ""
) -> Iterator[tuple[str, DocumentRecord | LeftOut]]:
    """(place, document) in the order of files and rows; the same files give the same sequence.

    Raises Unreadable for the first thing that is wrong. Ids are not compared here.
    """
    for file in sources.files:
        rows = _rows(sources.format, file, tuple(columns.values()), seen, legacy)
        keyed = ((_key(row, columns, file, number), row) for number, row in enumerate(rows, start=1))
        if Field.SECTION not in columns:
            for key, row in keyed:
                yield row.place, _document(key, [row], columns)
            continue
        for key, group in groupby(keyed, key=lambda one: one[0]):
            parts = [row for _, row in group]
            yield parts[0].place, _document(key, parts, columns)


def _rows(
    format_: Format, file: SourceFile, columns: tuple[str, ...], seen: Seen, legacy: str, *, first: int = 0
) -> Iterator[Row]:
    if format_ == Format.PARQUET:
        return parquet_rows(file, [column for column in columns if column != ROW_NUMBER])
    encoding = find_encoding(file.path, file.name, legacy=legacy, first=first)
    _note_encoding(seen, file, encoding)
    if format_ == Format.TEXT:
        return text_rows(file, encoding)
    if format_ == Format.JSON_LINES:
        return json_rows(file, encoding)
    if format_ == Format.FHIR:
        return fhir_rows(file, encoding, seen.passed)
    seen.separators[separator_of(file, encoding)["separator"]] += 1
    return csv_rows(file, encoding)


def _note_encoding(seen: Seen, file: SourceFile, encoding: Encoding) -> None:
    files = seen.encodings.setdefault((encoding.title, encoding.reason), [])
    files.append(file.name if len(files) < 20 else "")


def _key(row: Row, columns: Columns, file: SourceFile, number: int) -> str:
    if columns[Field.KEY] == ROW_NUMBER:
        return f"{PurePosixPath(file.name).with_suffix('').as_posix()}-{number}"
    key = _word(row, columns[Field.KEY], limit=KEY_LIMIT)
    if not key:
        raise Unreadable(f"{row.place}: the document has no id.")
    return key


def _document(key: str, rows: list[Row], columns: Columns) -> DocumentRecord | LeftOut:
    first = rows[0]
    lack = next((row for row in rows if row.left_out), None)
    if lack is not None and lack.left_out:
        return LeftOut(place=lack.place, key=key, lack=lack.left_out, detail=lack.detail)
    text = "\n\n".join(filter(None, (_part(row, columns) for row in rows)))
    if not text.strip():
        return LeftOut(place=first.place, key=key, lack=Lack.EMPTY)
    if len(text) > DOCUMENT_LIMIT:
        raise Unreadable(f"{first.place}: the text of “{key}” is longer than {MEGABYTES} MB. Is it one document?")
    if "\x00" in text or not _is_text(text):
        raise Unreadable(
            f"{first.place}: the text of “{key}” holds a NUL character or half a surrogate pair. Remove it."
        )
    words = {name: _said(rows, columns.get(name)) for name in (Field.SPECIALTY, Field.NOTE_TYPE, Field.PATIENT)}
    return DocumentRecord(key=key, text=text, **{str(name): said for name, said in words.items()})


def _part(row: Row, columns: Columns) -> str:
    """The row's text, under its section's header where it has one."""
    value = row.values.get(columns[Field.TEXT])
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{row.place}: the field “{columns[Field.TEXT]}” holds no text.")
    text = value or ""
    header = _word(row, columns[Field.SECTION]) if Field.SECTION in columns else ""
    return f"{header.rstrip(':')}:\n{text}" if header and text.strip() else text


def _said(rows: Iterable[Row], column: str | None) -> str:
    """What all rows of a document say. Raises Unreadable where they differ."""
    if not column:
        return ""
    said = {_word(row, column): row.place for row in rows}
    if len(said) > 1:
        raise Unreadable(f"{max(said.values())}: another “{column}” than in the document's first section.")
    return next(iter(said))


def _word(row: Row, column: str, *, limit: int = WORD_LIMIT) -> str:
    value: Any = row.values.get(column)
    if isinstance(value, dict | list):
        raise Unreadable(f"{row.place}: the field “{column}” holds no word but a list or an object.")
    word = "" if value is None else str(value).strip()
    if len(word) > limit or "\x00" in word or not _is_text(word):
        raise Unreadable(f"{row.place}: the field {column} must be a short word, at most {limit} characters.")
    return word


def _is_text(value: str) -> bool:
    """Whether it can be written as UTF-8: JSON may escape half a surrogate pair, which is no character."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
