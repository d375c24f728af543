"""Files that know their digest and size while they are written, and are safe on disk once closed."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

CHUNK = 1024 * 1024
SUMS = "SHA256SUMS"


@dataclass(frozen=True, kw_only=True)
class WrittenFile:
    name: str
    bytes: int
    sha256: str
    """Hex."""


class DigestFile:
    """A new file for writing from front to back. Raises OSError where the disk refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.closed = False
        self._file = path.open("xb")
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes | memoryview) -> int:
        self._digest.update(data)
        written = self._file.write(data)
        self._size += written
        return written

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        self._file.flush()

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        if not self.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self.closed = True

    @property
    def written(self) -> WrittenFile:
        return WrittenFile(name=self.path.name, bytes=self._size, sha256=self._digest.hexdigest())

    def __enter__(self) -> "DigestFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_file(path: Path, content: str) -> WrittenFile:
    """UTF-8, lines as they are."""
    with DigestFile(path) as file:
        file.write(content.encode())
    return file.written


def sha256_of(path: Path) -> str:
    """Hex digest of the file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sums(files: Iterator[WrittenFile] | list[WrittenFile]) -> str:
    """What `sha256sum -c` reads."""
    return "".join(f"{file.sha256}  {file.name}\n" for file in files)


def read_sums(text: str) -> dict[str, str]:
    """File name to hex digest. Raises ValueError on a line of another form."""
    found = {}
    for line in text.splitlines():
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64:
            raise ValueError(f"{SUMS} has a line that names no digest and file: {line[:80]!r}.")
        found[name] = digest
    return found
