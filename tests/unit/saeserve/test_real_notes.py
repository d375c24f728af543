"""The reference SAE on real notes, where the machine has them: its card's figures are seen again."""

import gzip
import json
import os
from itertools import islice
from pathlib import Path

import pytest

from saeserve.fit import load_fit
from saeserve.probe import probe

SAE = Path(__file__).resolve().parents[3] / "demo" / "sae"
NOTES = Path(os.environ.get("CORPORA_DIR", "")) / "mtsamples.jsonl.gz"

pytestmark = [
    pytest.mark.model,
    pytest.mark.corpora,
    pytest.mark.skipif(not NOTES.is_file(), reason="CORPORA_DIR names no folder with mtsamples.jsonl.gz"),
]


def test_real_notes_are_reconstructed_as_the_card_declares(reference_folder: Path) -> None:
    with gzip.open(NOTES, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, 40)]
    fit = load_fit(reference_folder, SAE, dtype="bfloat16", device="cpu")
    declared = fit.declared
    gate = probe(fit.model, fit.path, fit.sae.coder, texts, context_tokens=255, declared=declared).gate
    assert gate.l0 == declared["l0"]
    assert gate.fve == pytest.approx(declared["fve"], abs=0.03)
    assert gate.ce is not None
    assert gate.ce_with_sae is not None
    assert gate.ce_with_sae - gate.ce == pytest.approx(declared["ce_rise"], abs=0.05)
