"""Where a run is, told to a file and to whoever watches; and a sign of life while a step takes long."""

import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from saeserve.artifacts import NoSpace, read_json, write_json
from saeserve.contract import PROGRESS_FILE, Progress, UnknownVersion
from saeserve.mining.folders import RunFolder

INTERVAL = 1.0
"""Seconds between two reports of the same phase."""
BEAT = 5.0
"""Seconds without a report after which the last one is told again: half of what a watcher may wait."""
MEMORY = 30.0
"""Seconds over which the speed is averaged."""
Watch = Callable[[str, Progress], None]
"""Called with the run's digest and where it is."""


def quiet(_digest: str, _progress: Progress) -> None:
    """Watches nothing."""


class Reporter:
    """Writes progress.json and calls the watcher. Several workers may report on one run at once."""

    def __init__(self, folder: RunFolder, watch: Watch = quiet, *, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._watch, self._clock = folder, watch, clock
        self._file = folder.path / PROGRESS_FILE
        self._phase, self._reported = "", 0.0
        self._again: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def report(self, phase: str, done: int | Callable[[], int], total: int) -> None:
        """`done` of `total` in a phase, or what tells it. A new phase is always told, else at most one in INTERVAL."""
        now = self._clock()
        if phase == self._phase and now - self._reported < INTERVAL:
            return
        self._phase, self._reported = phase, now
        self._again = lambda: self._write(phase, done() if callable(done) else done, total)
        self._again()

    def beat(self) -> None:
        """Tell the last report again where it is older than BEAT."""
        now = self._clock()
        if self._again and now - self._reported >= BEAT:
            self._reported = now
            self._again()

    def _write(self, phase: str, done: int, total: int) -> None:
        with self._lock:
            speed = self._speed(phase, done) if phase == "mining" else None
            progress = Progress(
                phase=phase,
                done=done,
                total=total,
                tokens_per_second=speed,
                seconds_left=(total - done) / speed if speed else None,
                updated_at=self._clock(),
            )
            write_json(self._file, progress.to_dict())
        self._watch(self._folder.digest, progress)

    def _speed(self, phase: str, done: int) -> float | None:
        """Tokens a second of all workers, from what any of them reported last; None until two reports are there."""
        before = last_progress(self._folder)
        if before is None or before.phase != phase:
            return None
        seconds = self._clock() - before.updated_at
        if seconds <= 0 or seconds > 2 * MEMORY:
            return before.tokens_per_second if seconds <= 0 else None
        latest = max(0, done - before.done) / seconds
        if before.tokens_per_second is None:
            return latest or None
        return before.tokens_per_second + (1 - math.exp(-seconds / MEMORY)) * (latest - before.tokens_per_second)


def last_progress(folder: RunFolder) -> Progress | None:
    """What any worker reported last; None where there is nothing that can be read."""
    try:
        return Progress.from_dict(read_json(folder.path / PROGRESS_FILE))
    except (OSError, json.JSONDecodeError, UnknownVersion, TypeError, AttributeError):
        return None


@contextmanager
def beating(reporters: Sequence[Reporter], *, every: float = BEAT / 2) -> Iterator[None]:
    """While inside, no reporter is silent for longer than BEAT and `every` together, whatever the work."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(every):
            for reporter in reporters:
                try:
                    reporter.beat()
                except NoSpace:
                    continue  # the work itself will say so

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
