"""How close mining comes to the bare work that no miner can avoid.

The limit is the truncated forward pass and the encoding, over batches that are ready beforehand. Mining is the whole
job on the same documents: reading, tokenising, forward pass, encoding, counting, shard files, merging, choosing and
writing. Loading the model and the gate are in neither. Both run in one process, in turns, the order changing.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

from bench.harness import at_most
from saeserve.contract import MiningRequest
from saeserve.corpus_import import import_corpus
from saeserve.documents import read_documents
from saeserve.fit import Fit, load_fit
from saeserve.hooks import capture
from saeserve.mining.index import CorpusIndex, index_corpus
from saeserve.mining.progress import Reporter
from saeserve.mining.run import Run, corpus_file, quiet
from saeserve.probe import Probe
from saeserve.reference import prepare_reference
from saeserve.windows import Batch, batches, cut

NAME = "mining_over_limit"
HOW = "wall time of mining the demo notes over that of the bare forward pass and encoding, median of pairs"
TARGET = at_most(1.10)
REPOSITORY = Path(__file__).parents[1]
ROUNDS = 5


def measure(limit_tokens: int = 50_000, rounds: int = ROUNDS) -> dict[str, float | str]:
    """{"value": median ratio of paired runs, "detail": what was timed}. Takes some minutes."""
    folder = prepare_reference(
        REPOSITORY / "var" / "models", package_folder=REPOSITORY / "var" / "weights", say=lambda line: None
    )
    sae = REPOSITORY / "demo" / "sae"
    fit = load_fit(folder, sae, dtype="bfloat16", device="cpu")
    with tempfile.TemporaryDirectory(prefix="mining-bench-") as scratch:
        root = Path(scratch)
        notes, tokens = _notes(fit, root, limit_tokens)
        request = MiningRequest(model=str(folder), sae=str(sae), corpus_digest=import_corpus(notes, root))
        ready = _ready(fit, notes, request.context_tokens)
        pairs = [_pair(round_number, fit, root, request, ready) for round_number in range(rounds)]
    ratios = sorted(mining.wall / limit.wall for mining, limit in pairs)
    processor = statistics.median(mining.processor / limit.processor for mining, limit in pairs)
    limit = statistics.median(limit.wall for _, limit in pairs)
    return {
        "value": statistics.median(ratios),
        "detail": f"{tokens:,} tokens, {rounds} interleaved pairs, ratios {ratios[0]:.3f} to {ratios[-1]:.3f}, "
        f"{processor:.3f} in processor time, "
        f"limit {tokens / limit:,.0f} tokens/s in {fit.model.dtype} on {torch.get_num_threads()} threads",
    }


class Seconds(NamedTuple):
    """What a job took. Processor time hardly feels what else the machine does."""

    wall: float
    processor: float


def _pair(number: int, fit: Fit, root: Path, request: MiningRequest, ready: list[Batch]) -> tuple[Seconds, Seconds]:
    """(mining, limit); every second round the limit goes first."""
    folder = root / "runs" / str(number)
    run = Run(request, root, folder, "cpu", Reporter(folder, quiet))
    found = run.probe(fit, corpus_file(root, request), _index(root, request))
    jobs: list[Callable[[], None]] = [lambda: _mine(fit, root, run, found), lambda: _limit(fit, ready)]
    if number % 2:
        second, first = (_timed(job) for job in reversed(jobs))
        return first, second
    first, second = (_timed(job) for job in jobs)
    return first, second


def _mine(fit: Fit, root: Path, run: Run, found: Probe) -> None:
    index = _index(root, run.request)
    corpus = corpus_file(root, run.request)
    run.write(fit, corpus, index, run.tally(fit, corpus, index, found))


def _index(root: Path, request: MiningRequest) -> CorpusIndex:
    return index_corpus(corpus_file(root, request), reserved_share=request.reserved_share, seed=request.seed)


@torch.inference_mode()
def _limit(fit: Fit, ready: list[Batch]) -> None:
    for batch in ready:
        caught = capture(fit.model.network, fit.path, batch.ids, batch.mask)
        real = torch.cat([caught[row, 1 : 1 + len(window)] for row, window in enumerate(batch.windows)])
        fit.sae.coder.encode(real.float())


def _timed(job: Callable[[], None]) -> Seconds:
    wall, processor = time.perf_counter(), time.process_time()
    job()
    return Seconds(time.perf_counter() - wall, time.process_time() - processor)


def _notes(fit: Fit, root: Path, limit_tokens: int) -> tuple[Path, int]:
    """A corpus file of the first demo notes that hold `limit_tokens` tokens, and how many they hold."""
    lines: list[str] = []
    tokens = 0
    for file in sorted((REPOSITORY / "demo" / "notes").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
            if tokens >= limit_tokens or not line.strip():
                continue
            lines.append(line)
            tokens += len(fit.model.tokenizer(line)["input_ids"])
    target = root / "notes.jsonl"
    target.write_text("".join(lines), encoding="utf-8")
    texts = [document.text for document in read_documents(target)]
    return target, sum(len(window) for window in cut(texts, fit.model.tokenizer, context_tokens=10**9))


def _ready(fit: Fit, notes: Path, context_tokens: int) -> list[Batch]:
    texts = [document.text for document in read_documents(notes)]
    windows = list(cut(texts, fit.model.tokenizer, context_tokens=context_tokens))
    return list(batches(windows, front_token=fit.model.front_token, device=fit.model.device))
