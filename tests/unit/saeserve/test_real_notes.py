"""The shipped SAEs on real notes, where the machine has them: their cards' figures are seen again."""

import gzip
import json
import os
from itertools import islice
from pathlib import Path

import pytest

from saeserve.fit import load_fit
from saeserve.probe import probe

SAES = Path(__file__).resolve().parents[3] / "demo" / "saes"
NOTES = Path(os.environ.get("CORPORA_DIR", "")) / "mtsamples.jsonl.gz"

pytestmark = [
    pytest.mark.model,
    pytest.mark.corpora,
    pytest.mark.skipif(not NOTES.is_file(), reason="CORPORA_DIR names no folder with mtsamples.jsonl.gz"),
]


@pytest.mark.parametrize("name", ["layer-09", "layer-18"])
def test_real_notes_are_reconstructed_as_the_card_declares(name: str, reference_folder: Path) -> None:
    with gzip.open(NOTES, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, 40)]
    fit = load_fit(reference_folder, SAES / name, dtype="bfloat16", device="cpu")
    gate = probe(fit, texts, context_tokens=255, sink_norm_multiple=6.0).gate
    assert gate.l0 == pytest.approx(gate.declared["l0"], rel=0.1)
    assert gate.fve == pytest.approx(gate.declared["fve"], abs=0.03)
    assert gate.ce is not None
    assert gate.ce_with_sae is not None
    assert gate.ce_with_sae - gate.ce == pytest.approx(gate.declared["ce_rise"], abs=0.1)
