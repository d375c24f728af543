"""Keeps children up: one that ends is started again, later each time it ends soon."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from config.embedded import StartError
from config.embedded.process import Stoppable
from config.embedded.progress import say

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
STEADY_SECONDS = 60.0
"""A child that was up for so long is counted as healthy: its next pause is the first one again."""


class Child(Stoppable, Protocol):
    name: str
    log: Path

    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass
class Kept:
    """One child that is started again when it ends. Times are seconds on the monotonic clock."""

    child: Child
    started: float
    pause: float = FIRST_PAUSE
    due: float | None = field(default=None)
    """When to start it again; None while it is up."""

    def look(self, now: float) -> None:
        """Notice that it ended, or start it again when that is due."""
        if self.due is None:
            self._notice_end(now)
        elif now >= self.due:
            self._start_again(now)

    def _notice_end(self, now: float) -> None:
        process = self.child.child
        if process is None or process.poll() is None:
            return
        self.child.stop()  # takes what it left behind
        self._schedule(now, f"{self.child.name} ended unasked ({_status(process.returncode)}).")

    def _start_again(self, now: float) -> None:
        try:
            self.child.start()
        except StartError as problem:
            self._schedule(now, str(problem))
        else:
            self.due, self.started = None, now

    def _schedule(self, now: float, what: str) -> None:
        steady = now - self.started > STEADY_SECONDS
        pause = FIRST_PAUSE if steady else self.pause
        self.due, self.pause = now + pause, min(2 * pause, LONGEST_PAUSE)
        say(f"{what} It is started again in {pause:.0f} s; what it said is in {self.child.log}.")


def keep(child: Child) -> Kept:
    """Start a child that is to be kept up."""
    child.start()
    return Kept(child, started=time.monotonic())


def _status(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"
