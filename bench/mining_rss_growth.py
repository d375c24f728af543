"""Whether resident memory grows with the corpus: two sizes, each in a process of its own."""

import multiprocessing
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench.harness import at_most
from bench.mining_inputs import DTYPE, peak_memory, reference_model, request, worker, write_notes
from saeserve.mining.run import mine

NAME = "mining_rss_growth"
HOW = "highest resident memory while 400,000 tokens are mined over that for 100,000, model and SAE included"
TARGET = at_most(1.05)
SMALL, LARGE = 100_000, 400_000


def measure() -> dict[str, float | str]:
    small, large = (_apart(tokens) for tokens in (SMALL, LARGE))
    return {"value": large / small, "detail": f"{large / 1e6:,.0f} MB over {small / 1e6:,.0f} MB"}


def _apart(tokens: int) -> int:
    """Highest resident bytes in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(highest, tokens).result()


def highest(tokens: int) -> int:
    """Resident bytes at the highest while notes of that many tokens are mined; loading the model is left out."""
    with tempfile.TemporaryDirectory(prefix="mining-bench-") as scratch:
        root = Path(scratch)
        at_work = worker(root)
        write_notes(root / "notes.jsonl", at_work.loaded.model(str(reference_model()), dtype=DTYPE), tokens)
        asked = request(root, root / "notes.jsonl")
        with peak_memory() as peak:
            mine(asked, at_work)
    return peak.value
