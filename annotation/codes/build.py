"""`python -m annotation.codes.build icd-10-cm FOLDER`: makes a system's index. A process of its own, for its memory.

Two at once do no harm: the second waits for the first and finds its file.
"""

import fcntl
import sys
import time
from functools import cache
from hashlib import sha256
from pathlib import Path

from annotation.codes.index_file import write_index
from annotation.codes.systems import SYSTEMS, origin

DAY = 24 * 60 * 60.0


@cache
def rules_digest() -> str:
    """Of this package's own files: an index made by other spelling rules or in another layout is made anew."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]


def path_of(system: str, folder: Path) -> Path | None:
    """Where the index of the installed version lies or will lie; None where the package is not installed."""
    told = origin(system)
    version = "-".join(told.version.lower().split()) if told else ""
    return folder / f"{system}-{version}-{rules_digest()}.sqlite3" if told else None


def build(system: str, folder: Path) -> Path | None:
    path = path_of(system, folder)
    if path is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{system}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            write_index(SYSTEMS[system].entries(), path)
            clear_away(system, path, now=time.time())
    return path


def clear_away(system: str, current: Path, *, now: float) -> None:
    """Indexes of earlier versions; not those of the last day, which processes of before an update may still open."""
    for other in current.parent.glob(f"{system}-*.sqlite3"):
        if other != current and other.stat().st_mtime < now - DAY:
            other.unlink(missing_ok=True)


if __name__ == "__main__":
    if build(sys.argv[1], Path(sys.argv[2])) is None:
        raise SystemExit(f"The package that ships {sys.argv[1]} is not installed.")
