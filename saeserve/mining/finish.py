"""After the last shard: merge, choose, write, and the manifest last of all."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from saeserve.artifacts import file_digest, write_json
from saeserve.contract import LATENTS_FILE, MANIFEST_FILE, SNIPPETS_FILE, Manifest
from saeserve.documents import read_documents
from saeserve.fit import Fit
from saeserve.identity import latent_identities
from saeserve.mining.attempts import attempt
from saeserve.mining.folders import SHARDS, RunFolder, corpus_file
from saeserve.mining.keep import Limits
from saeserve.mining.lock import InOtherHands, sole_worker
from saeserve.mining.merge import merge
from saeserve.mining.open_run import OpenRun, Worker
from saeserve.mining.plan import Plan
from saeserve.mining.prepared import Prepared, load_prepared
from saeserve.mining.progress import beating
from saeserve.mining.select import Selector
from saeserve.mining.shared_pass import limits_of, plan_of
from saeserve.mining.tally import Tally, load_tally
from saeserve.mining.words import read_words
from saeserve.mining.write import write_latents, write_snippets

FINISH_LOCK, ATTEMPTS_FILE = "finish.lock", "finish.attempts"
SOFTWARE = ("torch", "transformers", "safetensors", "numpy", "pyarrow")
MERGE_AT_ONCE = 8


def finish(digest: str, worker: Worker, *, clock: Callable[[], float] = time.time) -> OpenRun | None:
    """Finish a run whose shards are all there. Safe to call twice, by several workers at once: one of them does it.

    Returns the run, with its error if it failed; None where there is nothing to do.
    """
    folder = RunFolder.of(worker.root, digest)
    request, prepared = folder.request(), load_prepared(folder)
    if request is None or prepared is None or not folder.open:
        return None
    run = worker.take(digest, request)
    with ExitStack() as stack:
        try:
            stack.enter_context(sole_worker(folder.path / FINISH_LOCK))
        except InOtherHands:
            return None
        if not folder.open or prepared.missing(folder):
            return None
        stack.enter_context(beating([run.reporter]))
        with run.failing():
            stack.enter_context(attempt(folder.path / ATTEMPTS_FILE, work="choosing and writing"))
            _finish(run, prepared, worker, clock)
    return run


def _finish(run: OpenRun, prepared: Prepared, worker: Worker, clock: Callable[[], float]) -> None:
    fit = run.fit(worker.loaded)
    prepared.check(fit)
    plan = plan_of(run, prepared, worker)
    files = [run.folder.shard(number) for number in range(prepared.shards)]
    tally = merge_files(
        files,
        limits_of(run, prepared, width=fit.sae.coder.width),
        lambda done: run.reporter.report("selecting", done, 2 * len(files)),
    )
    _write(run, fit, plan, tally, worker)
    manifest = _manifest(run, fit, plan, prepared, tally, clock() - prepared.started_at)
    run.reporter.report("finished", 1, 1)
    write_json(run.folder.path / MANIFEST_FILE, manifest.to_dict(), indent=1)
    shutil.rmtree(run.folder.path / SHARDS, ignore_errors=True)


def merge_files(files: Sequence[Path], limits: Limits, on_file: Callable[[int], None]) -> Tally:
    """All shards' tallies as one, a few in memory at a time."""
    held: list[Tally] = []
    for done, file in enumerate(files, start=1):
        held.append(load_tally(file))
        if len(held) == MERGE_AT_ONCE:
            held = [merge(held, limits)]
        on_file(done)
    return merge(held, limits)


def _write(run: OpenRun, fit: Fit, plan: Plan, tally: Tally, worker: Worker) -> None:
    """Choose every latent's snippets and write both tables."""
    corpus, index, path = corpus_file(worker.root, run.request.corpus_digest), plan.index, run.folder.path
    words, peak_words = read_words(read_documents(corpus), tally.pool, tally.top)
    selector = Selector(run.request, tally, fit.sae.coder.decoder, words, peak_words, index.specialties)
    identities = latent_identities(fit.sae.coder, model_revision=fit.model.revision, hook_point=str(fit.point))
    run.reporter.report("writing", 0, 2)
    write_snippets(path / SNIPPETS_FILE, tally, selector, index.ids)
    run.reporter.report("writing", 1, 2)
    write_latents(path / LATENTS_FILE, tally, selector, identities)


def _manifest(run: OpenRun, fit: Fit, plan: Plan, prepared: Prepared, tally: Tally, seconds: float) -> Manifest:
    counts, index = tally.counts, plan.index
    encoded, position, norm = counts.totals.tolist()
    names = (LATENTS_FILE, SNIPPETS_FILE)
    return Manifest(
        request=run.request.to_dict(),
        model_name=fit.model.name,
        model_revision=fit.model.revision,
        hook_point=str(fit.point),
        output_hook_point=str(fit.output_point),
        sae_digest=fit.sae_digest,
        sae_format=fit.sae.format,
        sae_architecture=fit.sae.coder.architecture,
        sae_width=fit.sae.coder.width,
        unit=fit.sae.coder.unit,
        dtype=fit.model.dtype,
        documents=int(index.mined.sum()),
        reserved_documents=int((index.mined & index.reserved).sum()),
        duplicate_documents=int(index.duplicate.sum()),
        tokens=encoded,
        dropped_tokens={"position": position, "norm": norm},
        histogram_edges=prepared.probe.edges.tolist(),
        drawn_tokens=0,
        specialties={},
        sections={},
        positions=[],
        lens="",
        gate=asdict(prepared.probe.gate),
        files={name: file_digest(run.folder.path / name) for name in names},
        software={name: version(name) for name in SOFTWARE},
        seconds=seconds,
    )
