"""After the last shard: merge, choose, write, and the manifest last of all."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from saeserve.artifacts import file_digest, write_json
from saeserve.contract import MANIFEST_FILE, Manifest
from saeserve.fit import Fit
from saeserve.mining.attempts import attempt
from saeserve.mining.folders import SHARDS, RunFolder, corpus_file
from saeserve.mining.lock import InOtherHands, sole_worker
from saeserve.mining.merge_files import merge_files
from saeserve.mining.open_run import OpenRun, Worker
from saeserve.mining.plan import Plan
from saeserve.mining.prepared import Prepared, load_prepared
from saeserve.mining.progress import beating
from saeserve.mining.sae_profile import sae_profile
from saeserve.mining.shared_pass import limits_of, plan_of
from saeserve.mining.write_results import RESULT_FILES, Written, write_results

FINISH_LOCK, ATTEMPTS_FILE = "finish.lock", "finish.attempts"
SOFTWARE = ("torch", "transformers", "safetensors", "numpy", "pyarrow")
SCRATCH = "scratch"


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
    path = run.folder.path
    with _scratch(path / SCRATCH) as scratch:
        merged = merge_files(
            [run.folder.shard(number) for number in range(prepared.shards)],
            limits_of(run, prepared, width=fit.sae.coder.width),
            width=fit.sae.coder.width,
            into=scratch / "merged",
            on_step=lambda done, total: run.reporter.report("selecting", done, total),
        )
        written = write_results(
            scratch,
            merged,
            request=run.request,
            index=plan.index,
            corpus=corpus_file(worker.root, run.request.corpus_digest),
            sae=sae_profile(worker.root, fit),
            tokenizer=fit.model.tokenizer,
            on_step=lambda done, total: run.reporter.report("writing", done, total),
        )
        for name in RESULT_FILES:
            (scratch / name).replace(path / name)
    totals, seconds = merged.counts.totals.tolist(), clock() - prepared.started_at
    manifest = _manifest(run, fit, plan, prepared, written, totals, seconds)
    run.reporter.report("finished", 1, 1)
    write_json(path / MANIFEST_FILE, manifest.to_dict(), indent=1)
    shutil.rmtree(path / SHARDS, ignore_errors=True)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """An empty folder for files that are not yet a result; gone afterwards, with whatever an earlier worker left."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _manifest(
    run: OpenRun, fit: Fit, plan: Plan, prepared: Prepared, written: Written, totals: list[int], seconds: float
) -> Manifest:
    index = plan.index
    encoded, position, norm = totals
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
        drawn_tokens=written.drawn_tokens,
        specialties=written.specialties,
        sections=written.sections,
        positions=written.positions,
        lens=written.lens,
        gate=asdict(prepared.probe.gate),
        files={name: file_digest(run.folder.path / name) for name in RESULT_FILES},
        software={name: version(name) for name in SOFTWARE},
        seconds=seconds,
    )
