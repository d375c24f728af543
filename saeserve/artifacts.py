"""Files that are either whole or absent: written aside, flushed to disk, then renamed."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from saeserve.refusal import Refusal


class NoSpace(Refusal):
    """A result could not be written."""

    retry_helps = True


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `path`, then rename it to `path`. Raises NoSpace where the disk refuses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    aside = Path(name)
    try:
        write(aside)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.chmod(0o644)
        aside.replace(path)
    except OSError as error:
        raise NoSpace(
            f"{path.name} could not be written ({error.strerror or error}); check free disk space."
        ) from error
    finally:
        aside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    write_atomically(path, lambda aside: _write(aside, text))


def write_json(path: Path, record: dict[str, Any], *, indent: int | None = None) -> None:
    """Raises ValueError where the record holds nan or infinity."""
    write_text(path, json.dumps(record, ensure_ascii=False, allow_nan=False, indent=indent) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def file_digest(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
