"""One worker a run: a second one that is handed the same run leaves it alone."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_FILE = "lock"


class AlreadyMining(Exception):
    """Another worker has this run in its hands; there is nothing to do."""


@contextmanager
def sole_worker(folder: Path) -> Iterator[None]:
    """Hold the run's lock. The system frees it when the process dies, however it dies. Raises AlreadyMining."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyMining(f"The run {folder.name} is being mined by another worker.") from error
        yield
