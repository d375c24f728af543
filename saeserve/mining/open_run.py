"""A run in a worker's hands: its request, its folder, and how it fails without pulling others down."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from saeserve.artifacts import NoSpace, write_json
from saeserve.contract import FAILURE_FILE, Failure, MiningRequest
from saeserve.fit import Fit
from saeserve.loaded import Loaded
from saeserve.mining.folders import RunFolder
from saeserve.mining.lock import InOtherHands
from saeserve.mining.progress import Reporter, Watch, last_progress, quiet
from saeserve.refusal import Refusal

SENT_FILE = "sent"
"""Its time says when the run's shards were last handed out."""

logger = logging.getLogger(__name__)


class Cancelled(Refusal):
    """Somebody asked the workers to stop."""


@dataclass(frozen=True)
class Worker:
    """What a process needs to mine: where artifacts lie, what it has loaded, and who watches."""

    root: Path
    loaded: Loaded
    watch: Watch = quiet

    def take(self, digest: str, request: MiningRequest) -> "OpenRun":
        folder = RunFolder.of(self.root, digest)
        return OpenRun(request, folder, Reporter(folder, self.watch))


@dataclass
class OpenRun:
    """One request in hand."""

    request: MiningRequest
    folder: RunFolder
    reporter: Reporter
    error: Exception | None = field(default=None)
    """What ended it."""

    @contextmanager
    def failing(self) -> Iterator[None]:
        """An error inside fails this run and no other: it is kept, written down for the reader, and goes no further."""
        try:
            yield
        except InOtherHands:
            raise
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Leave a failure.json. Where even that finds no space the run stays open, and is tried again later."""
        self.error = error
        (self.folder.path / SENT_FILE).unlink(missing_ok=True)
        try:
            self.reporter.report("failed", 1, 1)
            write_json(self.folder.path / FAILURE_FILE, failure_of(error).to_dict())
        except NoSpace as full:
            logger.error("Run %s: %s", self.folder.digest, full)
        if isinstance(error, Refusal):
            logger.warning("Run %s was refused: %s", self.folder.digest, error)
        else:
            logger.error("Run %s stopped.", self.folder.digest, exc_info=error)

    def say_cancelled(self) -> None:
        """Tell that somebody stopped it, with what is done so far, unless that was told before. Its shards may then be
        handed out again as soon as somebody asks for that."""
        (self.folder.path / SENT_FILE).unlink(missing_ok=True)
        last = last_progress(self.folder)
        if last is None or last.phase != "cancelled":
            self.reporter.report("cancelled", last.done if last else 0, last.total if last else 1)

    def fit(self, loaded: Loaded) -> Fit:
        """Its SAE and model, from memory or from disk. Raises a Refusal."""
        request = self.request
        return loaded.fit(request.model, request.sae, options=request.sae_options, dtype=request.dtype)


def failure_of(error: Exception) -> Failure:
    """The sentence for the reader."""
    if isinstance(error, Refusal):
        return Failure(sentence=str(error), retry_helps=error.retry_helps)
    name = type(error).__name__
    return Failure(
        sentence=f"Mining stopped at an error of the program ({name}); the worker's log has the details.",
        retry_helps=True,
    )


def each(runs: Sequence[OpenRun], step: Callable[[OpenRun], None]) -> list[OpenRun]:
    """Do `step` for every run. Returns those that did not fail in it."""
    for run in runs:
        with run.failing():
            step(run)
    return [run for run in runs if run.error is None]
