"""A release as a folder, whether it came as one or as the zip that was downloaded."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from annotation.export.files import CHUNK, SUMS, read_sums, sha256_of
from annotation.export.manifest import MANIFEST, UnreadableManifest


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """The folder with manifest.json in it; a zip is unpacked aside for as long as it is open.

    Raises UnreadableManifest for what is neither, for a damaged zip, and for one whose digest is not the one that lies
    beside it.
    """
    if path.is_dir():
        yield path
        return
    if not path.is_file():
        raise UnreadableManifest(f"There is no {path}: name the folder of a release, or its zip.")
    _check_digest(path)
    with tempfile.TemporaryDirectory(prefix="release-") as home:
        try:
            with zipfile.ZipFile(path) as archive:
                _unpack(archive, Path(home))
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise UnreadableManifest(f"{path.name} is no zip, or damaged: {error}. Download it again.") from error
        yield Path(home)


def _check_digest(path: Path) -> None:
    beside = path.with_name(f"{path.name}.sha256")
    if not beside.is_file():
        return
    try:
        said = read_sums(beside.read_text(encoding="utf-8")).get(path.name)
    except ValueError as error:
        raise UnreadableManifest(str(error).replace(SUMS, beside.name)) from error
    if said is not None and said != sha256_of(path):
        raise UnreadableManifest(f"{path.name} was altered or damaged: its digest is not the one in {beside.name}.")


def _unpack(archive: zipfile.ZipFile, home: Path) -> None:
    """Files of the one folder that a release's zip holds; no other place is ever written to."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    folders = {PurePosixPath(entry.filename).parent for entry in entries}
    if len(folders) != 1 or not any(PurePosixPath(entry.filename).name == MANIFEST for entry in entries):
        raise UnreadableManifest("This zip is no release: it should hold one folder with a manifest.json.")
    for entry in entries:
        with archive.open(entry) as source, (home / PurePosixPath(entry.filename).name).open("xb") as target:
            while chunk := source.read(CHUNK):
                target.write(chunk)
