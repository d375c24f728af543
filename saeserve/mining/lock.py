"""One worker for one piece of work: a second one that is handed the same piece leaves it alone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


class InOtherHands(Exception):
    """Another worker is at it; there is nothing to do."""


@contextmanager
def sole_worker(file: Path) -> Iterator[TextIO]:
    """Hold that lock file, open for writing. The system frees it when the process dies, however it dies.

    Raises InOtherHands. Whoever gets it looks again at what is left to do: the one before may just have done it, and
    may then have taken the file away.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with file.open("a+") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InOtherHands(f"The run {file.parent.name} is in the hands of another worker.") from error
            if _is_still(file, held):
                yield held
                return


def _is_still(file: Path, held: TextIO) -> bool:
    """Whether the name means the file in hand, and not one that was put there since."""
    try:
        return os.path.samestat(os.fstat(held.fileno()), file.stat())
    except FileNotFoundError:
        return False
