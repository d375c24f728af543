"""CSV: a line of column names, then a record a document. Texts may hold line breaks where they stand in quotes."""

import csv
from collections.abc import Iterator
from typing import Any

from annotation.interop.corpora.encodings import Encoding
from annotation.interop.corpora.record import DOCUMENT_LIMIT, Row
from annotation.interop.corpora.sources import SourceFile
from annotation.interop.corpora.text_lines import MEGABYTES, numbered_lines
from annotation.interop.unreadable import Unreadable

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
NAME_LIMIT = 60
"""Characters of a column's name: a longer one is a note that stands where names should."""

# The reader's own bound, one for the whole process; what lies below it is bounded here.
csv.field_size_limit(DOCUMENT_LIMIT)


def csv_rows(file: SourceFile, encoding: Encoding) -> Iterator[Row]:
    lines = _Lines(file, encoding)
    header = _header(file, lines)
    columns = _names(file, header)
    lines.begin_record()
    reader = csv.reader(lines, delimiter=separator(header, file), strict=True)
    while True:
        first = lines.number + 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise Unreadable(
                f"{file.name}, line {first}: no CSV record. A quotation mark in a text must be doubled, and each "
                "opened one closed."
            ) from error
        if record is None:
            return
        lines.begin_record()
        if not record:
            continue
        place = f"{file.name}, line {first}"
        if len(record) != len(columns):
            raise Unreadable(
                f"{place}: {len(record)} fields where line 1 names {len(columns)} columns. "
                "Texts with separators or line breaks must stand in quotes."
            )
        yield Row(place=place, values=dict(zip(columns, record, strict=True)))


def separator(header: str, file: SourceFile) -> str:
    """The one that line 1 has most of, outside quotes."""
    if file.suffix == ".tsv":
        return "\t"
    bare = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=bare.count)


def _header(file: SourceFile, lines: "_Lines") -> str:
    header = next(lines, "")
    if not header.strip():
        raise Unreadable(f"{file.name}, line 1: empty. The first line must name the columns.")
    return header


def _names(file: SourceFile, header: str) -> list[str]:
    try:
        (record,) = csv.reader([header], delimiter=separator(header, file), strict=True)
    except (csv.Error, ValueError) as error:
        raise Unreadable(f"{file.name}, line 1: no CSV record. The first line must name the columns.") from error
    names = [name.strip() or f"column {place}" for place, name in enumerate(record, start=1)]
    if any(len(name) > NAME_LIMIT or "\x00" in name for name in names):
        raise Unreadable(f"{file.name}, line 1: holds a text where column names should stand. Add a line with names.")
    if len(set(names)) < len(names):
        raise Unreadable(f"{file.name}, line 1: two columns have the same name. Give each its own.")
    return names


class _Lines(Iterator[str]):
    """Lines for the reader; a record may not grow beyond what a document may have."""

    def __init__(self, file: SourceFile, encoding: Encoding) -> None:
        self.file, self.number, self._held = file, 0, 0
        self._lines = numbered_lines(file, encoding, newline="")

    def __next__(self) -> str:
        self.number, line = next(self._lines)
        self._held += len(line)
        if self._held > DOCUMENT_LIMIT:
            raise Unreadable(
                f"{self.file.name}, line {self.number}: a record longer than {MEGABYTES} MB ends here or later. "
                "Is a quotation mark open?"
            )
        return line

    def begin_record(self) -> None:
        self._held = 0


def separator_of(file: SourceFile, encoding: Encoding) -> dict[str, Any]:
    """For the report: what separates the columns."""
    return {"separator": SEPARATORS[separator(_header(file, _Lines(file, encoding)), file)]}
