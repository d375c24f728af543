"""Files and folders that are either whole or absent: written aside, flushed to disk, then renamed."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from saeserve.refusal import Refusal


class NoSpace(Refusal):
    """A result could not be written."""

    retry_helps = True


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `path`, then rename it to `path`. Raises NoSpace where the disk refuses."""
    with _refused_in_a_sentence(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        os.close(handle)
        aside = Path(name)
        try:
            write(aside)
            _flush(aside)
            aside.chmod(0o644)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


def write_for_now(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file that nobody reads after this process: it need not reach the disk. Raises NoSpace where
    the disk refuses."""
    with _refused_in_a_sentence(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)


def write_folder_atomically(path: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write files into a folder beside `path`, then rename it to `path`, unless another one came first.

    Raises NoSpace where the disk refuses.
    """
    with _refused_in_a_sentence(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        try:
            fill(aside)
            for file in aside.iterdir():
                _flush(file)
                file.chmod(0o644)
            aside.chmod(0o755)
            if not path.is_dir():
                _rename_unless_there(aside, path)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


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


@contextmanager
def _refused_in_a_sentence(path: Path) -> Iterator[None]:
    """safetensors and pyarrow wrap what the system says in errors of their own."""
    try:
        yield
    except OSError as error:
        raise _no_space(path, error.strerror or str(error)) from error
    except Exception as error:
        if type(error).__name__ == "SafetensorError":
            raise _no_space(path, str(error)) from error
        raise


def _no_space(path: Path, reason: str) -> NoSpace:
    return NoSpace(
        f"{path.name} could not be written ({reason}); check free disk space, and that {path.parent} can be written to."
    )


def _rename_unless_there(aside: Path, path: Path) -> None:
    try:
        aside.rename(path)
    except OSError:
        if not path.is_dir():
            raise


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
