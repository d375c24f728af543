"""Text files, one document each: its id is its name, and the folder in which it lies may say its specialty."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from annotation.interop.corpora.encodings import Encoding
from annotation.interop.corpora.record import DOCUMENT_LIMIT, Row
from annotation.interop.corpora.sources import SourceFile
from annotation.interop.corpora.text_lines import MEGABYTES
from annotation.interop.unreadable import Unreadable

NAME, FOLDER, TEXT = "file name", "folder", "text"


def text_rows(file: SourceFile, encoding: Encoding) -> Iterator[Row]:
    """One row."""
    with file.path.open(encoding=encoding.codec) as opened:
        text = opened.read(DOCUMENT_LIMIT + 1)
    if len(text) > DOCUMENT_LIMIT:
        raise Unreadable(f"{file.name}: longer than {MEGABYTES} MB. Is it one document?")
    name = PurePosixPath(file.name)
    values = {NAME: name.with_suffix("").as_posix(), FOLDER: name.parent.name, TEXT: text}
    yield Row(place=file.name, values=values)
