"""A mining run's progress in the words and units of the page."""

from dataclasses import dataclass

from annotation.actions.mining import run_progress
from annotation.enums import RunState
from annotation.models import MiningRun

PHASES = {
    "loading": ("Loading the model and reading the corpus", "steps"),
    "checking": ("Checking the SAE against its card", "steps"),
    "mining": ("Mining", "tokens"),
    "selecting": ("Selecting snippets", "steps"),
    "writing": ("Writing the results", "steps"),
    "finished": ("Taking in the results", "steps"),
    "failed": ("Noting why it failed", "steps"),
    "cancelled": ("Waiting for a GPU worker to go on", "steps"),
}
"""The worker's phases: how the page calls them, and what it counts in them."""
COUNTED = ("mining", "selecting", "writing")
"""Phases whose counts mean something to a reader; in the others the bar only moves."""


@dataclass(frozen=True, kw_only=True)
class RunBar:
    """What `partials/run_progress.html` draws."""

    phase: str
    unit: str
    done: int
    total: int
    """0 while it is not known."""
    rate: float | None
    """Units a second."""
    seconds_left: float | None = None
    """The worker's own estimate for the phase; None while it has none."""


def under_way(run: MiningRun) -> bool:
    """Whether there is anything to wait for."""
    return run.state in (RunState.QUEUED, RunState.RUNNING)


def run_bar(run: MiningRun) -> RunBar:
    """Where the run is now, from the worker's own account."""
    seen = run_progress(run)
    if seen is None:
        return RunBar(phase=RunState.QUEUED.label, unit="tokens", done=0, total=0, rate=None)
    phase, unit = PHASES.get(seen.phase, (seen.phase.capitalize(), "steps"))
    if seen.phase not in COUNTED:
        return RunBar(phase=phase, unit=unit, done=0, total=0, rate=None)
    total = max(seen.total, 0)
    done = min(max(seen.done, 0), total) if total else max(seen.done, 0)
    return RunBar(
        phase=phase,
        unit=unit,
        done=done,
        total=total,
        rate=seen.tokens_per_second if unit == "tokens" else None,
        seconds_left=seen.seconds_left,
    )
