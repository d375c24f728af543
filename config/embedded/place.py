"""What lies where below `var/`, and the lock that keeps two starts from sharing it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Place:
    """The one directory that `make run` writes to; git ignores it."""

    var: Path = PROJECT / "var"

    @property
    def postgres(self) -> Path:
        return self.var / "postgres"

    @property
    def valkey(self) -> Path:
        return self.var / "valkey"

    @property
    def secrets(self) -> Path:
        return self.var / "secrets"

    @property
    def artifacts(self) -> Path:
        return self.var / "artifacts"

    @property
    def imports(self) -> Path:
        """From which researchers import text, a folder a study."""
        return self.var / "import"

    @property
    def static(self) -> Path:
        return self.var / "static"

    @property
    def models(self) -> Path:
        return self.var / "models"

    @property
    def state(self) -> Path:
        """What another terminal needs to join the running site; there only while it runs (or was killed)."""
        return self.var / "run.json"

    @property
    def lock(self) -> Path:
        return self.var / "run.lock"

    def log(self, name: str) -> Path:
        return self.var / "log" / f"{name}.log"

    def make(self) -> None:
        for folder in (self.var, self.secrets, self.artifacts, self.imports, self.static, self.models):
            folder.mkdir(parents=True, exist_ok=True)
        for private in (self.var, self.secrets):  # notes, ratings and passwords are nobody else's business
            private.chmod(0o700)


@contextmanager
def held(lock: Path) -> Iterator[bool]:
    """Hold the lock for the block; yields False where another process has it. The kernel frees it with its process."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _acquired(descriptor)
    finally:
        os.close(descriptor)


def _acquired(descriptor: int) -> bool:
    for _ in range(10):  # somebody may be looking at this moment whether it is held
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def is_held(lock: Path) -> bool:
    """Whether a living process holds the lock."""
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except OSError:  # no lock file, or not ours to open
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
