"""Memory of a wide SAE's mining: 65,536 latents with 64 snippets each.

No trained SAE of that width is at hand. Each latent of the shipped one is taken sixteen times, with a sixteenth of its
decoder row, and k is sixteen times as large: the reconstruction is the same, and sixteen times as many latents fire on
every token as in a real SAE of that width. The gate refuses so many, rightly, and is left out here.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from bench.harness import BenchError, at_most
from bench.mining_inputs import DTYPE, SAE, peak_memory, reference_model, request, resident_bytes, worker, write_notes
from saeserve.coders.base import Coder
from saeserve.coders.topk import TopK
from saeserve.contract import SNIPPETS_FILE
from saeserve.formats.read import read_sae
from saeserve.formats.write_saelens import write_saelens
from saeserve.mining import prepare
from saeserve.mining.folders import RunFolder
from saeserve.mining.run import mine

NAME = "mining_rss_wide"
HOW = "highest resident memory beside the model while 65,536 latents are mined with 64 snippets each, over 4 GB"
TARGET = at_most(1.0)
LIMIT = 4e9
COPIES, TOKENS = 16, 50_000
GATE = "check_gate"
SNIPPETS = {"top": 16, "per_decile": 1, "foils": 7, "held_out": 8}
"""16 strongest, 10 of deciles, twice 7 foils, thrice 8 held out: 64 a latent."""


def measure() -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(prefix="mining-bench-") as scratch:
        root = Path(scratch)
        at_work = worker(root)
        write_notes(root / "notes.jsonl", at_work.loaded.model(str(reference_model()), dtype=DTYPE), TOKENS)
        asked = request(root, root / "notes.jsonl", sae=_write_wide(root / "wide"), **SNIPPETS)
        before = resident_bytes()
        with without_gate(), peak_memory() as peak:
            mine(asked, at_work)
        rows = pq.read_metadata(RunFolder.of(root, asked.digest).path / SNIPPETS_FILE).num_rows
    return {
        "value": (peak.value - before) / LIMIT,
        "detail": f"{(peak.value - before) / 1e9:.2f} GB, {rows:,} snippets written, {TOKENS:,} tokens",
    }


@contextmanager
def without_gate() -> Iterator[None]:
    """The probe is measured as ever; nobody judges it."""
    judge = getattr(prepare, GATE)
    setattr(prepare, GATE, lambda *_: None)
    try:
        yield
    finally:
        setattr(prepare, GATE, judge)


def _write_wide(folder: Path) -> Path:
    sae = read_sae(SAE)
    write_saelens(folder, _wide(sae.coder), metadata=sae.metadata)
    return folder


def _wide(coder: Coder) -> Coder:
    if not isinstance(coder, TopK):
        raise BenchError(f"{SAE.name} is a {coder.architecture} SAE; this measure widens a topk one.")
    return replace(
        coder,
        W_enc=coder.W_enc.repeat(1, COPIES),
        b_enc=coder.b_enc.repeat(COPIES),
        W_dec=coder.W_dec.repeat(COPIES, 1) / COPIES,
        k=coder.k * COPIES,
    )
