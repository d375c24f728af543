"""Files written and read in one line of a test."""

from pathlib import Path

from annotation.interop.corpora.columns import Field, check_columns, propose
from annotation.interop.corpora.documents import Seen, columns_of, read_documents
from annotation.interop.corpora.record import DocumentRecord, LeftOut
from annotation.interop.corpora.sources import find_sources


def read(*paths: Path, legacy: str = "", seen: Seen | None = None, **columns: str) -> list[DocumentRecord | LeftOut]:
    """All documents, by the columns proposed and, over them, those named. Raises Unreadable."""
    sources = find_sources(paths)
    known = columns_of(sources, legacy=legacy)
    mapping = propose(known) | {Field(field): column for field, column in columns.items()}
    check_columns(mapping, known)
    return [found for _, found in read_documents(sources, mapping, seen=seen or Seen(), legacy=legacy)]


def texts(*paths: Path, legacy: str = "", **columns: str) -> dict[str, str]:
    """By id; every document must have one."""
    found = read(*paths, legacy=legacy, **columns)
    assert all(isinstance(one, DocumentRecord) for one in found)
    return {one.key: one.text for one in found if isinstance(one, DocumentRecord)}


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
