"""Where a run is, told to a file and to whoever watches, at most once a second."""

import time
from collections.abc import Callable
from pathlib import Path

from saeserve.artifacts import write_json
from saeserve.contract import PROGRESS_FILE, Progress

INTERVAL = 1.0
"""Seconds between two reports of the same phase."""
Watch = Callable[[Progress], None]


class Reporter:
    """Writes progress.json and calls the watcher."""

    def __init__(self, folder: Path, watch: Watch, *, clock: Callable[[], float] = time.time) -> None:
        self._file, self._watch, self._clock = folder / PROGRESS_FILE, watch, clock
        self._phase, self._reported, self._started, self._from = "", 0.0, 0.0, 0

    def report(self, phase: str, done: int, total: int) -> None:
        """`done` of `total` in a phase. A new phase and the last step are always told."""
        now = self._clock()
        if phase != self._phase:
            self._phase, self._started, self._from = phase, now, done
        elif now - self._reported < INTERVAL and done < total:
            return
        self._reported = now
        seconds = now - self._started
        speed = (done - self._from) / seconds if phase == "mining" and seconds > 0 else None
        progress = Progress(phase=phase, done=done, total=total, tokens_per_second=speed, updated_at=now)
        write_json(self._file, progress.to_dict())
        self._watch(progress)
