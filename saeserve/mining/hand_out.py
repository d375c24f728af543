"""What is to be done next for a group of runs: which shards to send, which runs to finish, which have ended."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from saeserve.contract import MiningRequest
from saeserve.mining.folders import RunFolder
from saeserve.mining.open_run import SENT_FILE, OpenRun, Worker
from saeserve.mining.prepare import prepare
from saeserve.mining.prepared import load_prepared
from saeserve.mining.together import NotTogether

JUST_SENT = 60.0
"""Seconds: a second request so soon after the first finds its shards still in the queue."""


@dataclass(frozen=True)
class HandedOut:
    """Digests, and shards with the digests of the runs that lack them."""

    shards: list[tuple[int, list[str]]] = field(default_factory=list)
    complete: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)


def hand_out(
    requests: Sequence[MiningRequest], worker: Worker, *, again: bool, clock: Callable[[], float] = time.time
) -> HandedOut:
    """Prepare every run that is open and in nobody else's hands, and say what is left to do for it.

    Runs that failed are left as they are: whoever wants to try one again takes its failure.json away.

    again: also shards that were handed out a moment ago, for whoever knows that the messages may be lost.
    """
    try:
        taken = prepare(requests, worker, clock=clock)
    except NotTogether as error:
        taken = [worker.take(request.digest, request) for request in requests]
        for run in taken:
            run.fail(error)
    ready = [run for run in taken if run.error is None]
    missing = {run.folder.digest: missing_shards([run.folder.digest], worker) for run in ready}
    to_send = [run for run in ready if missing[run.folder.digest] and (again or not _just_sent(run, clock()))]
    for run in to_send:
        (run.folder.path / SENT_FILE).touch()
    folders = [RunFolder.of(worker.root, request.digest) for request in requests]
    return HandedOut(
        shards=missing_shards([run.folder.digest for run in to_send], worker),
        complete=[digest for digest, shards in missing.items() if not shards],
        ended=[folder.digest for folder in folders if folder.finished or folder.failed],
    )


def missing_shards(digests: Sequence[str], worker: Worker) -> list[tuple[int, list[str]]]:
    """(number, digests of the runs that lack it) of every shard that some prepared run still lacks."""
    lacking: dict[int, list[str]] = {}
    for digest in digests:
        folder = RunFolder.of(worker.root, digest)
        prepared = load_prepared(folder) if folder.open else None
        for number in prepared.missing(folder) if prepared else ():
            lacking.setdefault(number, []).append(digest)
    return sorted(lacking.items())


def _just_sent(run: OpenRun, now: float) -> bool:
    try:
        return now - (run.folder.path / SENT_FILE).stat().st_mtime < JUST_SENT
    except FileNotFoundError:
        return False
