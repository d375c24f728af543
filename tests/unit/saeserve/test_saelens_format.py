"""SAELens folders are read exactly, and refused in a sentence where they cannot be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from saeserve.formats.saelens import BadSae, read_saelens, write_saelens
from saeserve.identity import latent_identities, sae_digest
from tests.unit.saeserve.test_topk import a_coder

METADATA = {"model_name": "tiny", "hook_name": "blocks.1.hook_resid_post", "hf_hook_name": "model.layers.1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_saelens(tmp_path, a_coder(), metadata=METADATA)
    return tmp_path


def change_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / "cfg.json").read_text())
    change(config)
    (folder / "cfg.json").write_text(json.dumps(config))


def change_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(folder / "sae_weights.safetensors")
    change(tensors)
    save_file(tensors, folder / "sae_weights.safetensors")


def test_what_was_written_is_read_back(folder: Path) -> None:
    sae = read_saelens(folder)
    x = torch.randn(6, 12, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(sae.coder.encode(x).values, a_coder().encode(x).values, rtol=0, atol=0)
    assert sae.hook_point == "model.layers.1"
    assert sae.coder.unit == "raw"


def test_the_layout_states_its_version_or_readers_take_it_for_an_old_one(folder: Path) -> None:
    assert json.loads((folder / "cfg.json").read_text())["metadata"]["sae_lens_version"] >= "6"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(architecture="gated"), "'gated' is not supported"),
        (lambda c: c.update(d_in=13), "shape"),
        (lambda c: c.update(d_sae=0), "d_sae as 0"),
        (lambda c: c.update(k=41), "k = 41 of only 40"),
        (lambda c: c.update(k="many"), "k as 'many'"),
        (lambda c: c.update(normalize_activations="expected_average_only_in"), "normalize_activations"),
        (lambda c: c.update(reshape_activations="hook_z"), "reshape_activations"),
        (lambda c: c.pop("metadata"), "no metadata"),
        (lambda c: c["metadata"].pop("sae_lens_version"), "unknown version"),
        (lambda c: c["metadata"].update(sae_lens_version="5.4.1"), "5.4.1"),
        (lambda c: c["metadata"].update(sae_lens_version="recent"), "recent"),
        (lambda c: [c["metadata"].pop(name) for name in ("hook_name", "hf_hook_name")], "no hook point"),
    ],
)
def test_a_bad_configuration_is_refused(folder: Path, change: Callable[[dict[str, Any]], object], words: str) -> None:
    change_config(folder, change)
    with pytest.raises(BadSae, match=words):
        read_saelens(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t["W_dec"].__setitem__((3, 4), float("nan")), "W_dec holds 1 values of 480 that are not finite"),
        (lambda t: t["b_enc"].__setitem__(0, float("inf")), "b_enc holds 1 values"),
        (lambda t: t.pop("b_dec"), "lacks"),
        (lambda t: t.update(threshold=torch.zeros(40)), "threshold"),
        (lambda t: t.update(W_enc=t["W_enc"].T.contiguous()), "shape"),
    ],
)
def test_bad_weights_are_refused(folder: Path, change: Callable[[dict[str, Any]], object], words: str) -> None:
    change_tensors(folder, change)
    with pytest.raises(BadSae, match=words):
        read_saelens(folder)


def test_a_truncated_file_is_refused(folder: Path) -> None:
    weights = folder / "sae_weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(BadSae, match="damaged"):
        read_saelens(folder)


def test_a_missing_file_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "sae_weights.safetensors").unlink()
    with pytest.raises(BadSae, match="fetch the SAE again"):
        read_saelens(folder)
    with pytest.raises(BadSae, match="known format"):
        read_saelens(tmp_path / "elsewhere")


def test_broken_json_is_refused(folder: Path) -> None:
    (folder / "cfg.json").write_text("{")
    with pytest.raises(BadSae, match="not JSON"):
        read_saelens(folder)


def test_identity_follows_weights_encoding_and_model(folder: Path) -> None:
    sae = read_saelens(folder)
    identities = latent_identities(sae, model_revision="m", hook_point="h")
    assert len(set(identities)) == 40
    assert identities == latent_identities(sae, model_revision="m", hook_point="h")
    assert not set(identities) & set(latent_identities(sae, model_revision="other", hook_point="h"))
    change_tensors(folder, lambda tensors: tensors["W_enc"].__setitem__((0, 7), 3.0))
    changed = read_saelens(folder)
    later = latent_identities(changed, model_revision="m", hook_point="h")
    assert [i for i in range(40) if later[i] != identities[i]] == [7]
    assert sae_digest(changed) != sae_digest(sae)
    change_config(folder, lambda config: config.update(k=6))
    assert not set(later) & set(latent_identities(read_saelens(folder), model_revision="m", hook_point="h"))
