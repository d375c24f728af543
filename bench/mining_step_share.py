"""What counting and keeping cost beside the forward pass and encoding, split inside one run."""

import tempfile
from pathlib import Path

from bench.harness import at_most
from bench.mining_inputs import DTYPE, reference_model, request, worker, write_notes
from bench.stopwatch import stopwatch
from saeserve.coders.base import Coder
from saeserve.contract import MiningRequest
from saeserve.mining import capture_shard, finish, shared_pass, write_results
from saeserve.mining.firings import Gathered
from saeserve.mining.open_run import Worker
from saeserve.mining.prepare import prepare
from saeserve.mining.run import mine

NAME = "mining_step_share"
HOW = "seconds of gathering, counting and merging over those of forward pass and encoding, in one run"
TARGET = at_most(0.02)
TOKENS = 50_000


def measure(limit_tokens: int = TOKENS) -> dict[str, float | str]:
    seconds, tokens = split(limit_tokens)
    work = seconds["forward"] + seconds["encode"]
    return {
        "value": seconds["step"] / work,
        "detail": f"{tokens:,} tokens, {seconds['step']:.2f} s of {work:.1f} s",
    }


def split(limit_tokens: int) -> tuple[dict[str, float], int]:
    """Seconds of one mining run by part, and its tokens."""
    with tempfile.TemporaryDirectory(prefix="mining-bench-") as scratch:
        root = Path(scratch)
        at_work = worker(root)
        model = at_work.loaded.model(str(reference_model()), dtype=DTYPE)
        tokens = write_notes(root / "notes.jsonl", model, limit_tokens)
        asked = request(root, root / "notes.jsonl")
        prepare([asked], at_work)
        coder = at_work.loaded.fit(asked.model, asked.sae, options={}, dtype=DTYPE).sae.coder
        return _timed(asked, at_work, coder), tokens


def _timed(asked: MiningRequest, at_work: Worker, coder: Coder) -> dict[str, float]:
    with stopwatch(
        ("forward", capture_shard, "capture"),
        ("encode", type(coder), "encode"),
        ("step", Gathered, "add"),
        ("step", Gathered, "table"),
        ("step", shared_pass, "shard_snippets"),
        ("step", shared_pass, "count"),
        ("step", finish, "merge_files"),
        ("coactivation", write_results, "coactivation"),
    ) as seconds:
        mine(asked, at_work)
    return dict(seconds)
