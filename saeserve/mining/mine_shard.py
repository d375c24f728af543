"""One shard for every run that still lacks it: one pass of the model, one tally a run."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from saeserve.mining.attempts import attempt
from saeserve.mining.folders import SHARDS, RunFolder
from saeserve.mining.lock import InOtherHands, sole_worker
from saeserve.mining.mined_tokens import MinedTokens, note
from saeserve.mining.open_run import OpenRun, Worker
from saeserve.mining.prepared import Prepared, load_prepared
from saeserve.mining.progress import beating
from saeserve.mining.shared_pass import SharedPass, begin_pass


@dataclass(frozen=True)
class _Hand:
    """A run whose shard this worker has in hand."""

    run: OpenRun
    prepared: Prepared
    lock: TextIO

    @property
    def digest(self) -> str:
        return self.run.folder.digest


class ShardWork:
    """Can be left between two batches, and taken up again in the same process without running a token twice."""

    def __init__(self, digests: Sequence[str], number: int, worker: Worker) -> None:
        self._digests, self._number, self._worker = digests, number, worker
        self._pass: SharedPass | None = None
        self.failed: dict[str, Exception] = {}
        """Runs that ended here without a result, and why."""

    def go_on(self, leave: Callable[[], bool] = lambda: False) -> bool:
        """Mine until the shard is done or `leave` says, between two batches, that something is more urgent.

        Returns False where it was left half way. Runs that are finished, failed, cancelled, not yet prepared, or in the
        hands of another worker are passed over.
        """
        with ExitStack() as stack:
            hands = [hand for digest in self._digests if (hand := self._take(digest, stack))]
            stack.enter_context(beating([hand.run.reporter for hand in hands]))
            try:
                return self._mine(hands, leave)
            except Exception as error:
                if len(hands) == 1:
                    hands[0].run.fail(error)
                    return True
            finally:
                self.failed |= {hand.digest: hand.run.error for hand in hands if hand.run.error}
        return self._each_alone([hand.digest for hand in hands])

    def complete(self) -> list[str]:
        """Runs that lack no shard now, this one saved here or before: a worker may have died between saving the last
        one and saying so."""
        folders = [RunFolder.of(self._worker.root, digest) for digest in self._digests]
        return [
            folder.digest
            for folder in folders
            if folder.open and (prepared := load_prepared(folder)) and not prepared.missing(folder)
        ]

    def _each_alone(self, digests: Sequence[str]) -> bool:
        """Several together met an error: whose it is shows when each is mined by itself."""
        for digest in digests:
            alone = ShardWork([digest], self._number, self._worker)
            alone.go_on()
            self.failed |= alone.failed
        return True

    def _take(self, digest: str, stack: ExitStack) -> _Hand | None:
        folder = RunFolder.of(self._worker.root, digest)
        request = folder.request()
        if request is None:
            return None
        run = self._worker.take(digest, request)
        if folder.cancelled and not folder.finished:
            run.say_cancelled()
        if not self._wanted(folder):
            return None
        try:
            lock = stack.enter_context(sole_worker(self._file(folder, "lock")))
        except InOtherHands:
            return None
        prepared = load_prepared(folder)
        if prepared is None or not self._wanted(folder):
            return None
        stack.callback(self._tidy, folder)
        with run.failing():
            stack.enter_context(attempt(self._file(folder, "attempts"), work=f"shard {self._number}"))
            return _Hand(run, prepared, lock)
        if run.error:
            self.failed[digest] = run.error
        return None

    def _mine(self, hands: list[_Hand], leave: Callable[[], bool]) -> bool:
        prepared = {hand.digest: hand.prepared for hand in hands}
        if self._pass is None and hands:
            self._pass = begin_pass([hand.run for hand in hands], prepared, self._number, self._worker)
        current = self._pass
        if current is None:
            return True
        hands = [hand for hand in hands if hand.digest in current.listeners]
        meters = {hand.digest: self._meter(hand, current) for hand in hands}
        while hands and current.step():
            for hand in hands:
                note(hand.lock, current.tokens)
                hand.run.reporter.report("mining", meters[hand.digest].count, current.plan.tokens)
            hands = [hand for hand in hands if self._still_wanted(hand.run)]
            if hands and leave():
                return False
        if hands:
            current.save([hand.run for hand in hands], prepared)
        return True

    def _meter(self, hand: _Hand, current: SharedPass) -> MinedTokens:
        return MinedTokens(hand.run.folder, current.plan.shards(hand.run.request.shard_tokens))

    def _still_wanted(self, run: OpenRun) -> bool:
        if run.folder.cancelled:
            run.say_cancelled()
        return self._wanted(run.folder)

    def _wanted(self, folder: RunFolder) -> bool:
        return folder.open and not folder.shard(self._number).is_file()

    def _file(self, folder: RunFolder, ending: str) -> Path:
        return folder.path / SHARDS / f"{self._number:06d}.{ending}"

    def _tidy(self, folder: RunFolder) -> None:
        """The lock of a shard that is done is not needed any more."""
        if folder.shard(self._number).is_file():
            self._file(folder, "lock").unlink(missing_ok=True)
