"""Which files are to be read, and in which format: by their names, and refused where they are not what they say."""

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from annotation.interop.unreadable import Unreadable

FILES_LIMIT = 200_000
"""Files of a folder."""


class Format(StrEnum):
    TEXT = "text"
    CSV = "csv"
    JSON_LINES = "json-lines"
    PARQUET = "parquet"
    FHIR = "fhir"


TITLES = {
    Format.TEXT: "text files, one document each",
    Format.CSV: "CSV",
    Format.JSON_LINES: "JSON Lines",
    Format.PARQUET: "Parquet",
    Format.FHIR: "FHIR R4",
}
SUFFIXES = {
    ".txt": Format.TEXT,
    ".text": Format.TEXT,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".parquet": Format.PARQUET,
    ".json": Format.FHIR,
}
KNOWN = "text (.txt), CSV (.csv, .tsv), JSON Lines (.jsonl, .ndjson), Parquet (.parquet) or FHIR (.json, .ndjson)"
ARCHIVES = {
    b"PK\x03\x04": "zip archive",
    b"PK\x05\x06": "zip archive",
    b"\x1f\x8b": "gzip file",
    b"BZh": "bzip2 file",
    b"\xfd7zXZ\x00": "xz file",
    b"\x28\xb5\x2f\xfd": "zstd file",
    b"7z\xbc\xaf\x27\x1c": "7z archive",
    b"Rar!": "rar archive",
    b"%PDF": "PDF",
    b"\xd0\xcf\x11\xe0": "Office document",
}
"""First bytes. Nothing is unpacked here: what a small archive grows to is known only when it has."""


@dataclass(frozen=True)
class SourceFile:
    path: Path
    name: str
    """Within what was named: for sentences, and the id of a text file."""

    @property
    def suffix(self) -> str:
        return self.path.suffix.lower()


@dataclass(frozen=True)
class Sources:
    format: Format
    files: tuple[SourceFile, ...]
    """In the order of their names, folder by folder as they were named."""


def find_sources(paths: Iterable[Path]) -> Sources:
    """The files that the paths name, folders searched through. Raises Unreadable where they are not of one format, and
    for links, archives, special files, and names that no format has."""
    files = [file for path in paths for file in _files(path)]
    if not files:
        raise Unreadable(f"There is no file to import. Name a folder or files: {KNOWN}.")
    formats: dict[Format, SourceFile] = {}
    for file in files:
        formats.setdefault(_format(file), file)
    if Format.JSON_LINES in formats and Format.FHIR in formats:
        formats = {Format.FHIR: formats[Format.FHIR]}  # Bundles beside bulk exports, one resource a line.
    if len(formats) > 1:
        one, other = list(formats.values())[:2]
        raise Unreadable(
            f"{one.name} and {other.name} are of different formats. Import each format as a corpus of its own."
        )
    return Sources(next(iter(formats)), tuple(files))


def _files(path: Path) -> list[SourceFile]:
    _check_no_link(path, path.name)
    if not path.is_dir():
        _check_plain(path, path.name)
        return [SourceFile(path, path.name)]
    found: list[SourceFile] = []
    for place in path.rglob("*"):
        name = place.relative_to(path).as_posix()
        _check_no_link(place, name)
        if any(part.startswith(".") for part in place.relative_to(path).parts) or place.is_dir():
            continue
        _check_plain(place, name)
        found.append(SourceFile(place, name))
        if len(found) > FILES_LIMIT:
            raise Unreadable(f"{path.name} holds more than {FILES_LIMIT:,} files. Import it in parts, or as Parquet.")
    return sorted(found, key=lambda file: file.name)


def _check_no_link(path: Path, name: str) -> None:
    if path.is_symlink():
        raise Unreadable(f"{name} is a link, which could lead anywhere. Put the file itself there.")


def _check_plain(path: Path, name: str) -> None:
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            raise Unreadable(f"{name} is no plain file. Name files or folders of files.")
        with path.open("rb") as file:
            first = file.read(8)
    except OSError as error:
        raise Unreadable(f"{name} cannot be read: {error.strerror}. Check the name and your rights.") from error
    for mark, what in ARCHIVES.items():
        if first.startswith(mark):
            raise Unreadable(
                f"{name} is a {what}, whatever its name says. Unpack or convert it, and import what is in it."
            )


def _format(file: SourceFile) -> Format:
    found = SUFFIXES.get(file.suffix)
    if found is None:
        raise Unreadable(f"{file.name}: files of this name are not read. Give {KNOWN}.")
    if found == Format.JSON_LINES and _is_resource(file.path):
        return Format.FHIR
    return found


def _is_resource(path: Path) -> bool:
    """Whether the first line of a file of lines is a FHIR resource, as bulk exports have them."""
    with path.open("rb") as file:
        return b'"resourceType"' in file.readline(64 * 1024)
