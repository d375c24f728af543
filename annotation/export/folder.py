"""A release as a folder: tables in three formats, manifest, README, checksums, and all of it as one zip."""

import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from annotation.export.columns import Table
from annotation.export.data_card import data_card
from annotation.export.files import SUMS, DigestFile, WrittenFile, sums, write_file
from annotation.export.manifest import MANIFEST, build_manifest, manifest_text, moment
from annotation.export.readme import readme
from annotation.export.writers import write_table

README = "README.txt"
CARD = "README.md"
SIMULATED_SUFFIX = ".simulated"
CHUNK = 1024 * 1024


def write_folder(
    folder: Path,
    tables: Iterable[tuple[Table, Iterable[pa.RecordBatch]]],
    facts: Mapping[str, Any],
    *,
    simulated: bool,
    cut_at: datetime,
) -> dict[str, Any]:
    """Fill the empty folder and return the manifest.

    `facts` goes into the manifest and holds at least `study` {slug, name, purpose} and `release` {number}.
    Raises Unwritable on a value that may not leave, OSError where the disk refuses.
    """
    suffix = SIMULATED_SUFFIX if simulated else ""
    slug, number = str(facts["study"]["slug"]), int(facts["release"]["number"])
    own = {"study": slug, "release": str(number), "cut_at": moment(cut_at), "simulated": str(simulated).lower()}
    written = [write_table(folder, table, batches, suffix=suffix, facts=own) for table, batches in tables]
    manifest = build_manifest(facts, written, simulated=simulated, cut_at=cut_at)
    files = [file for table in written for file in table.files.values()]
    files.append(write_file(folder / MANIFEST, manifest_text(manifest)))
    files.append(write_file(folder / README, readme(manifest)))
    files.append(write_file(folder / CARD, data_card(manifest)))
    files.append(write_file(folder / SUMS, sums(files)))
    _zip(folder, f"{slug}-release-{number}{suffix}", files, cut_at)
    return manifest


def archive_name(slug: str, number: int, *, simulated: bool) -> str:
    return f"{slug}-release-{number}{SIMULATED_SUFFIX if simulated else ''}.zip"


def _zip(folder: Path, name: str, files: list[WrittenFile], cut_at: datetime) -> None:
    """All files below one folder of the release's name; Parquet is compressed already."""
    with DigestFile(folder / f"{name}.zip") as target, zipfile.ZipFile(target, "w") as archive:
        for file in files:
            entry = zipfile.ZipInfo(f"{name}/{file.name}", date_time=cut_at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_STORED if file.name.endswith(".parquet") else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.file_size = file.bytes
            _copy(folder / file.name, archive, entry)
    write_file(folder / f"{name}.zip.sha256", sums([target.written]))


def _copy(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    with path.open("rb") as source, archive.open(entry, "w") as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
