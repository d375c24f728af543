"""The index of a system for this thread. Where it is not made yet it is made beside, and nobody waits for it."""

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from annotation.codes.build import path_of
from annotation.codes.index import Index

HERE = Path(__file__).resolve().parents[2]
"""The folder that holds the package `annotation`."""
PAUSE = 60.0
"""Seconds before a failed attempt is repeated."""
MAKING = "index of"
log = logging.getLogger(__name__)
_open = threading.local()
_making: dict[str, float] = {}
_guard = threading.Lock()


def index_of(system: str, folder: Path) -> Index | None:
    """None where its package is not installed, or while the index is being made (some seconds, once a version)."""
    path = path_of(system, folder)
    if path is None:
        return None
    opened: dict[Path, Index] = _open.__dict__.setdefault("indexes", {})
    if path not in opened:
        if not path.exists():
            make_beside(system, folder)
            return None
        opened[path] = Index(path)
    return opened[path]


def make_beside(system: str, folder: Path) -> None:
    """Start a process that makes the index, unless this one did so within the last minute."""
    now = time.monotonic()
    with _guard:
        if now < _making.get(f"{system} {folder}", -PAUSE) + PAUSE:
            return
        _making[f"{system} {folder}"] = now
    threading.Thread(target=_make, args=(system, folder), name=f"{MAKING} {system}", daemon=True).start()


def under_way() -> list[threading.Thread]:
    """The threads of this process that wait for an index to be made."""
    return [thread for thread in threading.enumerate() if thread.name.startswith(MAKING)]


def _make(system: str, folder: Path) -> None:
    command = [sys.executable, "-m", "annotation.codes.build", system, str(folder.resolve())]
    # The package opens its UTF-8 file without saying so.
    environment = {**os.environ, "PYTHONUTF8": "1"}
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        log.error("The index of %s could not be made: %s", system, done.stderr.strip()[-500:])
