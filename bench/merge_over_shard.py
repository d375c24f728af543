"""Merging many shards of a wide SAE, over mining one shard with the reference model."""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from bench.harness import at_most
from bench.made_up_shard import L0, made_up_shard
from bench.mining_inputs import DTYPE, reference_model, request, worker, write_notes
from saeserve.contract import MiningRequest
from saeserve.mining.count import count
from saeserve.mining.folders import RunFolder
from saeserve.mining.keep import Limits
from saeserve.mining.merge_files import merge_files
from saeserve.mining.mine_shard import ShardWork
from saeserve.mining.prepare import prepare
from saeserve.mining.tally import save_tally

NAME = "merge_over_shard"
HOW = "seconds of merging 64 shards of 16,384 latents, made-up firings, over those of mining one real shard"
TARGET = at_most(1.0)
SHARDS, LATENTS = 64, 16_384
REPEATS = 3


def measure() -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(prefix="mining-bench-") as scratch:
        root = Path(scratch)
        shard, tokens = _mine_one(root)
        files, limits, firings = _made_up(root)
        merges = [_merge(files, limits, root / f"merged-{repeat}") for repeat in range(REPEATS)]
    merge = statistics.median(merges)
    return {
        "value": merge / shard,
        "detail": f"{merge:.1f} s for {firings:,} firings in {SHARDS} shards over {shard:.1f} s for {tokens:,} tokens "
        f"on {torch.get_num_threads()} threads",
    }


def _mine_one(root: Path) -> tuple[float, int]:
    """Seconds and tokens of one shard of the size that a request has by default."""
    at_work = worker(root)
    model = at_work.loaded.model(str(reference_model()), dtype=DTYPE)
    tokens = write_notes(root / "notes.jsonl", model, 2 * MiningRequest.shard_tokens)
    asked = request(root, root / "notes.jsonl")
    prepare([asked], at_work)
    work = ShardWork([asked.digest], 0, at_work)
    started = time.perf_counter()
    work.go_on()
    seconds = time.perf_counter() - started
    if not RunFolder.of(root, asked.digest).shard(0).is_file():
        raise RuntimeError(f"The shard was not mined: {work.failed}")
    return seconds, min(tokens, MiningRequest.shard_tokens)


def _made_up(root: Path) -> tuple[list[Path], Limits, int]:
    """Shard files as a run over one corpus would leave them, their limits, and the firings in them."""
    asked = MiningRequest(model="", sae="", corpus_digest="")
    limits = Limits.of(asked, width=LATENTS, corpus_tokens=SHARDS * MiningRequest.shard_tokens, l0=L0)
    files, firings = [], 0
    for shard in range(SHARDS):
        table, facts = made_up_shard(shard, latents=LATENTS)
        firings += len(table.latents)
        tally = count(table, facts, width=LATENTS, edges=np.exp2(np.arange(-12, 13) / 2), limits=limits)
        files.append(root / f"{shard:06d}.safetensors")
        save_tally(tally, files[-1])
    return files, limits, firings


def _merge(files: list[Path], limits: Limits, into: Path) -> float:
    into.mkdir()
    started = time.perf_counter()
    merge_files(files, limits, width=LATENTS, into=into)
    return time.perf_counter() - started
