"""A mining run from request to manifest in one process. `saeserve.tasks` does the same steps as separate messages."""

from collections.abc import Sequence

from saeserve.contract import Manifest, MiningRequest
from saeserve.mining.finish import finish
from saeserve.mining.folders import RunFolder
from saeserve.mining.hand_out import missing_shards
from saeserve.mining.lock import InOtherHands
from saeserve.mining.mine_shard import ShardWork
from saeserve.mining.open_run import Cancelled, Worker
from saeserve.mining.prepare import prepare
from saeserve.mining.together import check_together


def mine(request: MiningRequest, worker: Worker) -> Manifest:
    """Mine, or continue a run that was interrupted, or return what an earlier run left.

    Raises InOtherHands where another worker is at it, Cancelled where somebody stopped it, and what made it fail, after
    writing the sentence to failure.json.
    """
    outcome = mine_together([request], worker)[0]
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def mine_together(requests: Sequence[MiningRequest], worker: Worker) -> list[Manifest | Exception]:
    """Several requests that differ in their SAE only, in one pass over the corpus. One that fails stops no other.

    Returns a manifest, or what `mine` would raise, for each request in order. Raises NotTogether.
    """
    check_together(requests)
    errors: dict[str, Exception] = {}
    taken = prepare(requests, worker, retry_failed=True)
    errors |= {run.folder.digest: run.error for run in taken if run.error}
    digests = [run.folder.digest for run in taken if run.error is None]
    for number, lacking in missing_shards(digests, worker):
        work = ShardWork(lacking, number, worker)
        work.go_on()
        errors |= work.failed
    for digest in digests:
        run = finish(digest, worker) if digest not in errors else None
        if run and run.error:
            errors[digest] = run.error
    return [_outcome(RunFolder.of(worker.root, request.digest), errors) for request in requests]


def _outcome(folder: RunFolder, errors: dict[str, Exception]) -> Manifest | Exception:
    if folder.finished:
        return folder.manifest()
    if folder.digest in errors:
        return errors[folder.digest]
    if folder.cancelled:
        return Cancelled(f"The run {folder.digest} was cancelled; take its cancel.json away to go on.")
    return InOtherHands(f"The run {folder.digest} is being mined by another worker.")
