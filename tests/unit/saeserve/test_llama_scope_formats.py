"""Llama Scope, of Llama 3.1 and of R1's distillate. Each test writes a folder in that layout."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from saeserve.formats.folder import BadSae
from saeserve.formats.read import read_sae
from tests.unit.saeserve import naive_coders as naive
from tests.unit.saeserve.made_up_saes import LATENTS, WIDTH, activations, agrees, positive, weights
from tests.unit.saeserve.test_coders import before

W = weights()
X = activations()
STORED = {
    "encoder.weight": W["W_enc"].T.contiguous(),
    "encoder.bias": W["b_enc"],
    "decoder.weight": W["W_dec"].T.contiguous(),
    "decoder.bias": W["b_dec"],
}
POINT = "blocks.15.hook_resid_post"


def llama(folder: Path, **more: Any) -> Path:
    (folder / "checkpoints").mkdir(exist_ok=True)
    save_file(STORED, folder / "checkpoints" / "final.safetensors")
    config = {
        "d_model": WIDTH,
        "d_sae": LATENTS,
        "hook_point_in": POINT,
        "hook_point_out": POINT,
        "jump_relu_threshold": 0.5,
        "dataset_average_activation_norm": {"in": 5.0, "out": 5.0},
    }
    (folder / "hyperparams.json").write_text(json.dumps(config | more))
    return folder


def expected(scale: float, threshold: list[float]) -> tuple[list[list[float]], list[list[float]]]:
    """Codes of the scaled activations; what is written, scaled back."""
    codes = [naive.jumprelu(before([v * scale for v in x], subtract=False), threshold) for x in X.tolist()]
    written = [naive.decoded(f, W["W_dec"].tolist(), W["b_dec"].tolist()) for f in codes]
    return codes, [[value / scale for value in output] for output in written]


def test_the_scale_of_its_training_is_folded_and_the_threshold_scaled_with_it(tmp_path: Path) -> None:
    sae = read_sae(llama(tmp_path))
    scale = WIDTH**0.5 / 5.0
    agrees(sae.coder, X, *expected(scale, [0.5 * scale] * LATENTS))
    assert (sae.hook_point, sae.model_name, sae.format) == (POINT, "meta-llama/Llama-3.1-8B", "Llama Scope")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"dataset_average_activation_norm": {}}, "in is None"),
        ({"dataset_average_activation_norm": {"in": 0}}, "in is 0"),
        ({"jump_relu_threshold": None}, "jump_relu_threshold is None"),
        ({"hook_point_out": "blocks.15.hook_mlp_out"}, "transcoders are not read"),
        ({"d_sae": 21}, "shape"),
    ],
)
def test_bad_hyperparameters_are_refused(tmp_path: Path, more: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSae, match=words):
        read_sae(llama(tmp_path, **more))


def test_r1_needs_the_scale_as_an_option_and_stores_the_logarithm_of_its_thresholds(tmp_path: Path) -> None:
    wide = {"d_model": WIDTH, "expansion_factor": 4, "hook_point_in": POINT}
    many = weights(latents=24)
    stored = {
        "encoder.weight": many["W_enc"].T.contiguous(),
        "encoder.bias": many["b_enc"],
        "decoder.weight": many["W_dec"].T.contiguous(),
        "decoder.bias": many["b_dec"],
        "log_jumprelu_threshold": positive(latents=24).log(),
    }
    save_file(stored, tmp_path / "sae_weights.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(wide))
    with pytest.raises(BadSae, match="pass the option norm_scaling_factor"):
        read_sae(tmp_path)
    sae = read_sae(tmp_path, options={"norm_scaling_factor": 0.6})
    encoder, bias, decoder = many["W_enc"].tolist(), many["b_enc"].tolist(), many["W_dec"].tolist()
    limits = positive(latents=24).tolist()
    codes = [naive.jumprelu(naive.pre_activations([v * 0.6 for v in x], encoder, bias), limits) for x in X.tolist()]
    written = [[value / 0.6 for value in naive.decoded(f, decoder, many["b_dec"].tolist())] for f in codes]
    agrees(sae.coder, X, codes, written)
    assert torch.isfinite(sae.coder.decoder).all()
    assert sae.format == "Llama Scope R1"
