"""How close mining comes to the bare work that no miner can avoid.

The limit is the truncated forward pass and the encoding, over batches that are ready beforehand. Mining is the whole
job on the same documents: counting tokens and planning, reading, tokenising, forward pass, encoding, counting, shard
files, merging, choosing and writing. Loading the model and the gate are in neither; nor is what depends on the SAE
alone (logit lens, decoder neighbours, identities), which is made once and kept for all runs with it: what it costs that
once is told beside the figure. Both run in one process, in turns, the order changing.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

from bench.harness import at_most
from bench.mining_inputs import DTYPE, reference_model, request, worker, write_notes
from saeserve.contract import MiningRequest
from saeserve.documents import read_documents
from saeserve.fit import Fit
from saeserve.hooks import capture
from saeserve.mining.finish import finish
from saeserve.mining.folders import REQUEST_FILE, RunFolder, corpus_file
from saeserve.mining.mine_shard import ShardWork
from saeserve.mining.open_run import Worker
from saeserve.mining.plan_files import make_plan, read_plan
from saeserve.mining.prepare import prepare
from saeserve.mining.prepared import PREPARED_FILE, load_prepared
from saeserve.mining.sae_profile import make_profile
from saeserve.windows import Batch, batches, cut

NAME = "mining_over_limit"
HOW = (
    "wall time of mining the demo notes over that of the bare forward pass and encoding, median of pairs; "
    "model, gate and what depends on the SAE alone are in neither"
)
TARGET = at_most(1.10)
TOKENS, ROUNDS = 50_000, 5


class Seconds(NamedTuple):
    """What a job took. Processor time hardly feels what else the machine does."""

    wall: float
    processor: float


def measure(limit_tokens: int = TOKENS, rounds: int = ROUNDS) -> dict[str, float | str]:
    """{"value": median ratio of paired runs, "detail": what was timed}. Takes some minutes."""
    with tempfile.TemporaryDirectory(prefix="mining-bench-") as scratch:
        root = Path(scratch)
        at_work = worker(root)
        model = at_work.loaded.model(str(reference_model()), dtype=DTYPE)
        tokens = write_notes(root / "notes.jsonl", model, limit_tokens)
        asked = request(root, root / "notes.jsonl")
        prepare([asked], at_work)
        fit = at_work.loaded.fit(asked.model, asked.sae, options={}, dtype=DTYPE)
        ready = _ready(fit, asked, root)
        once = _timed(lambda: _describe(fit))
        pairs = [_pair(number, fit, asked, at_work, ready) for number in range(rounds)]
    ratios = sorted(mining.wall / limit.wall for mining, limit in pairs)
    processor = statistics.median(mining.processor / limit.processor for mining, limit in pairs)
    share = once.processor / statistics.median(limit.processor for _, limit in pairs)
    limit = statistics.median(limit.wall for _, limit in pairs)
    return {
        "value": statistics.median(ratios),
        "detail": f"{tokens:,} tokens, {rounds} interleaved pairs, ratios {ratios[0]:.3f} to {ratios[-1]:.3f}, "
        f"{processor:.3f} in processor time, once for the SAE {share:.3f} of the limit's processor time, "
        f"limit {tokens / limit:,.0f} tokens/s in {fit.model.dtype} on {torch.get_num_threads()} threads",
    }


def _pair(number: int, fit: Fit, asked: MiningRequest, at_work: Worker, ready: list[Batch]) -> tuple[Seconds, Seconds]:
    """(mining, limit); every second round the limit goes first."""
    _forget(asked, at_work)
    jobs: list[Callable[[], None]] = [lambda: _mine(fit, asked, at_work), lambda: _limit(fit, ready)]
    if number % 2:
        second, first = (_timed(job) for job in reversed(jobs))
        return first, second
    first, second = (_timed(job) for job in jobs)
    return first, second


def _forget(asked: MiningRequest, at_work: Worker) -> None:
    """Take away all but the request and what the gate measured: the plan too."""
    folder = RunFolder.of(at_work.root, asked.digest).path
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in (REQUEST_FILE, PREPARED_FILE):
            path.unlink()
    shutil.rmtree(corpus_file(at_work.root, asked.corpus_digest).parent / "plans")
    read_plan.cache_clear()


def _describe(fit: Fit) -> None:
    """What `prepare` did before, and no run with this SAE does again."""
    make_profile(fit)


def _mine(fit: Fit, asked: MiningRequest, at_work: Worker) -> None:
    make_plan(at_work.root, asked, fit.model)
    prepared = load_prepared(RunFolder.of(at_work.root, asked.digest))
    assert prepared is not None
    for number in range(prepared.shards):
        ShardWork([asked.digest], number, at_work).go_on()
    run = finish(asked.digest, at_work)
    if run is None or run.error:
        raise RuntimeError(f"The run did not finish: {run.error if run else 'it was taken for finished'}")


@torch.inference_mode()
def _limit(fit: Fit, ready: list[Batch]) -> None:
    for batch in ready:
        (caught,) = capture(fit.model.network, [fit.point], batch.ids, batch.mask)
        fit.sae.coder.encode(batch.real(caught).float())


def _timed(job: Callable[[], None]) -> Seconds:
    wall, processor = time.perf_counter(), time.process_time()
    job()
    return Seconds(time.perf_counter() - wall, time.process_time() - processor)


def _ready(fit: Fit, asked: MiningRequest, root: Path) -> list[Batch]:
    texts = [document.text for document in read_documents(corpus_file(root, asked.corpus_digest))]
    sizes = {"context_tokens": asked.context_tokens, "overlap_tokens": asked.overlap_tokens}
    return list(batches(list(cut(texts, fit.model.tokenizer, **sizes)), model=fit.model))
