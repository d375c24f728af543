"""`python -m annotation.codes.build icd-10-cm FOLDER`: makes a system's index. A process of its own, for its memory.

Two at once do no harm: the second waits for the first and finds its file.
"""

import fcntl
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

from annotation.codes.index_file import write_index
from annotation.codes.systems import SYSTEMS, origin


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
    return path


if __name__ == "__main__":
    if build(sys.argv[1], Path(sys.argv[2])) is None:
        raise SystemExit(f"The package that ships {sys.argv[1]} is not installed.")
