"""Before the first shard: load, plan, check each SAE, and describe it where no run with it has done so.

A run that was prepared before is left as it is.
"""

import heapq
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from saeserve.artifacts import write_json
from saeserve.contract import FAILURE_FILE, MiningRequest
from saeserve.documents import read_documents, read_documents_at
from saeserve.fit import Fit
from saeserve.gate import check_gate
from saeserve.language_model import LanguageModel
from saeserve.mining.attempts import attempt
from saeserve.mining.duplicates import NearDuplicates
from saeserve.mining.folders import REQUEST_FILE, corpus_file
from saeserve.mining.hashing import snippet_hash
from saeserve.mining.index import CorpusIndex
from saeserve.mining.lock import InOtherHands, sole_worker
from saeserve.mining.open_run import OpenRun, Worker, each
from saeserve.mining.plan import Plan
from saeserve.mining.plan_files import make_plan, plan_folder, read_plan
from saeserve.mining.prepared import Prepared, load_prepared, save_prepared
from saeserve.mining.progress import beating
from saeserve.mining.sae_profile import sae_profile
from saeserve.mining.together import check_together
from saeserve.probe import PROBE_DOCUMENTS, Probe, probe, probe_all

PREPARE_LOCK, ATTEMPTS_FILE = "prepare.lock", "attempts.json"


def prepare(
    requests: Sequence[MiningRequest],
    worker: Worker,
    *,
    retry_failed: bool = False,
    clock: Callable[[], float] = time.time,
) -> list[OpenRun]:
    """Take up every run that is open and in nobody else's hands. Returns them, with the error of each that failed.

    retry_failed: take up also those that failed before. Raises NotTogether.
    """
    check_together(requests)
    with ExitStack() as held:
        runs = [run for request in requests if (run := _take(request, worker, held, retry_failed=retry_failed))]
        fresh = [run for run in runs if run.error is None and not _is_prepared(run, worker)]
        if fresh:
            held.enter_context(beating([run.reporter for run in fresh]))
            _prepare_all(fresh, worker, clock())
    return runs


def _take(request: MiningRequest, worker: Worker, held: ExitStack, *, retry_failed: bool) -> OpenRun | None:
    """The run, locked, or None where there is nothing to do now."""
    run = worker.take(request.digest, request)
    folder = run.folder
    if folder.finished or (folder.failed and not retry_failed):
        return None
    try:
        held.enter_context(sole_worker(folder.path / PREPARE_LOCK))
    except InOtherHands:
        return None
    if folder.finished or (folder.failed and not retry_failed):
        return None
    if folder.cancelled:
        run.say_cancelled()
        return None
    (folder.path / FAILURE_FILE).unlink(missing_ok=True)
    with run.failing():
        if folder.request() is None:
            write_json(folder.path / REQUEST_FILE, request.to_dict())
        held.enter_context(attempt(folder.path / ATTEMPTS_FILE, work="loading and checking"))
    return run


def _is_prepared(run: OpenRun, worker: Worker) -> bool:
    """Whether it passed the gate, and the plan is still there: a spoilt one is deleted to be made again."""
    prepared = load_prepared(run.folder)
    return prepared is not None and plan_folder(worker.root, run.request.corpus_digest, prepared.plan).is_dir()


def _prepare_all(runs: Sequence[OpenRun], worker: Worker, started_at: float) -> None:
    """All that the runs share is done once, and fails them all; what is an SAE's own fails its run alone."""
    request = runs[0].request
    for run in runs:
        run.reporter.report("loading", 0, 1)
    try:
        worker.loaded.make_room(len(runs))
        model = worker.loaded.model(request.model, dtype=request.dtype)
        key, plan = planned(worker, request, model, runs)
        texts = probe_texts(corpus_file(worker.root, request.corpus_digest), plan.index)
    except Exception as error:
        for run in runs:
            run.fail(error)
        return
    fits: dict[str, Fit] = {}
    loaded = each(runs, lambda run: fits.update({run.folder.digest: run.fit(worker.loaded)}))
    for run in loaded:
        run.reporter.report("checking", 0, 1)
    found = _probes(loaded, fits, texts)
    shards = len(plan.shards(request.shard_tokens))

    def settle(run: OpenRun) -> None:
        fit, measured = fits[run.folder.digest], found[run.folder.digest]
        check_gate(measured.gate, fit.sae.coder)
        sae_profile(worker.root, fit)
        save_prepared(
            Prepared(key, plan.tokens, shards, fit.model.revision, fit.sae_digest, measured, started_at), run.folder
        )
        run.reporter.report("mining", 0, plan.tokens)

    each([run for run in loaded if run.folder.digest in found], settle)


def planned(worker: Worker, request: MiningRequest, model: LanguageModel, runs: Sequence[OpenRun]) -> tuple[str, Plan]:
    """The corpus's plan and its key, made now where no run has made it before."""

    def tell(done: int) -> None:
        for run in runs:
            run.reporter.report("loading", done, done + 1)

    key = make_plan(worker.root, request, model, tell)
    return key, read_plan(plan_folder(worker.root, request.corpus_digest, key))


def _probes(runs: Sequence[OpenRun], fits: dict[str, Fit], texts: list[str]) -> dict[str, Probe]:
    """By digest. The model runs once for all, unless one SAE spoils that: then each is measured by itself."""
    if not runs:
        return {}
    request = runs[0].request
    context, multiple = request.context_tokens, request.sink_norm_multiple
    digests = [run.folder.digest for run in runs]
    together = [fits[digest] for digest in digests]
    try:
        found = probe_all(together, texts, context_tokens=context, sink_norm_multiple=multiple)
        return dict(zip(digests, found, strict=True))
    except Exception as error:
        if len(runs) == 1:
            runs[0].fail(error)
            return {}
    alone: dict[str, Probe] = {}

    def measure(run: OpenRun) -> None:
        digest = run.folder.digest
        alone[digest] = probe(fits[digest], texts, context_tokens=context, sink_norm_multiple=multiple)

    each(runs, measure)
    return alone


def probe_texts(corpus: Path, index: CorpusIndex) -> list[str]:
    """Texts of the documents with the lowest hashes, in that order: a random draw that any worker repeats."""
    mined = np.nonzero(index.mined)[0]
    wanted = mined[np.argsort(index.hashes[mined], kind="stable")[:PROBE_DOCUMENTS]]
    return [document.text for document in read_documents_at(corpus, index.offsets[wanted].tolist())]


def texts_to_probe(corpus: Path, *, seed: int) -> list[str]:
    """The same texts, of a corpus that has no index."""
    known = NearDuplicates()
    drawn = (
        (snippet_hash(seed, document.id, -1), document.text)
        for document in read_documents(corpus)
        if not known.seen(document.text)
    )
    return [text for _, text in heapq.nsmallest(PROBE_DOCUMENTS, drawn)]
