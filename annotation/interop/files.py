"""Which files there are, how large they may be, and what they are not."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from annotation.interop.unreadable import Unreadable

CHUNK = 1024 * 1024
PICKLE, ZIP = re.compile(rb"\x80[\x02-\x05]"), b"PK\x03\x04"
NUMBER = re.compile(r"(\d+)")


def check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise Unreadable(f"{folder} is no folder. Name the folder that holds the files.")


def named(folder: Path, pattern: str) -> list[Path]:
    """Files of the folder whose names match, in the order of the numbers in their names: batch-2 before batch-10."""
    found = [path for path in folder.iterdir() if path.is_file() and re.fullmatch(pattern, path.name)]
    return sorted(found, key=lambda path: [int(part) if part.isdigit() else part for part in NUMBER.split(path.name)])


def check_plain(path: Path, *, limit: int) -> int:
    """Bytes of the file. Raises Unreadable where it is too large, or a pickle or an archive under another name."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            first = file.read(4)
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}. Check the name and your rights.") from error
    if PICKLE.match(first) or first == ZIP:
        raise Unreadable(
            f"{path.name} is a pickle or an archive, whatever its name says. Such files can run code when they are "
            "opened and are never opened here: export JSON or safetensors."
        )
    if size > limit:
        raise Unreadable(f"{path.name} has {size:,} bytes; at most {limit:,} are read. Export fewer latents a file.")
    return size


def digests(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    """Path within the folder to hex sha256, sorted."""
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in sorted(paths)}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
