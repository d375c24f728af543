"""Gemma Scope 1 and 2. No published file is at hand: each test writes one in that layout."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from saeserve.formats.folder import BadSae
from saeserve.formats.read import read_sae
from tests.unit.saeserve import naive_coders as naive
from tests.unit.saeserve.made_up_saes import LATENTS, WIDTH, activations, agrees, dense, positive, weights
from tests.unit.saeserve.test_coders import SKIP, before, outputs

W = {**weights(), "threshold": positive()}
ACROSS = {**weights(out=4), "threshold": positive()}
X = activations()
RES = "gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71"


def params(folder: Path, tensors: dict[str, Tensor]) -> Path:
    """`params.npz` as published."""
    folder.mkdir(parents=True)
    np.savez(folder / "params.npz", **{name: tensor.numpy() for name, tensor in tensors.items()})
    return folder


def test_jumprelu_without_subtracting_b_dec(tmp_path: Path) -> None:
    codes = [naive.jumprelu(before(x, subtract=False), positive().tolist()) for x in X.tolist()]
    sae = read_sae(params(tmp_path / RES, W))
    agrees(sae.coder, X, codes, outputs(codes))
    subtracted = [naive.jumprelu(before(x), positive().tolist()) for x in X.tolist()]
    assert (torch.tensor(subtracted) > 0).tolist() != (dense(sae.coder.encode(X)) > 0).tolist()


def test_the_comparison_with_the_threshold_is_strict(tmp_path: Path) -> None:
    plain = {"W_enc": torch.eye(2), "b_enc": torch.zeros(2), "W_dec": torch.eye(2), "b_dec": torch.ones(2)}
    coder = read_sae(params(tmp_path / RES, {**plain, "threshold": torch.tensor([2.0, 2.0])})).coder
    assert coder.encode(torch.tensor([[2.0, 2.5]])).latents.tolist() == [1]


@pytest.mark.parametrize(
    ("path", "model", "hook_point", "declared"),
    [
        (RES, "google/gemma-2-2b", "blocks.20.hook_resid_post", {"l0": 71.0}),
        ("gemma-scope-9b-it-res/layer_9/width_131k/average_l0_22", "google/gemma-2-9b-it", "blocks.9.hook_resid_post",
         {"l0": 22.0}),
        ("models--google--gemma-scope-9b-pt-att/snapshots/a1/layer_3/width_16k/average_l0_9", "google/gemma-2-9b",
         "blocks.3.attn.hook_z", {"l0": 9.0}),
        ("gemma-scope-27b-pt-mlp/layer_1/width_16k/canonical", "google/gemma-2-27b", "blocks.1.hook_mlp_out", {}),
    ],
)  # fmt: skip
def test_the_path_says_model_place_and_declared_l0(
    tmp_path: Path, path: str, model: str, hook_point: str, declared: dict[str, float]
) -> None:
    sae = read_sae(params(tmp_path / path, W))
    assert (sae.model_name, sae.hook_point, sae.output_hook_point) == (model, hook_point, hook_point)
    assert (sae.declared, sae.format) == (declared, "Gemma Scope")


def test_the_options_say_what_the_path_does_not(tmp_path: Path) -> None:
    folder = params(tmp_path / "downloads", W)
    with pytest.raises(BadSae, match="pass the option hook_point"):
        read_sae(folder)
    sae = read_sae(folder / "params.npz", options={"hook_point": "model.layers.20", "l0": 71})
    assert (sae.hook_point, sae.declared, sae.model_name) == ("model.layers.20", {"l0": 71.0}, "")


def test_lower_case_names_are_the_same_matrices(tmp_path: Path) -> None:
    lower = {name.replace("W_", "w_"): tensor for name, tensor in W.items()}
    coder = read_sae(params(tmp_path / RES, lower)).coder
    assert torch.equal(dense(coder.encode(X)), dense(read_sae(params(tmp_path / "b" / RES, W)).coder.encode(X)))


def test_an_embedding_sae_reads_embeddings_that_gemma_has_multiplied_by_the_root_of_the_width(tmp_path: Path) -> None:
    sae = read_sae(params(tmp_path / "gemma-scope-2b-pt-res/embedding/width_4k/average_l0_6", W))
    root = WIDTH**0.5
    codes = [naive.jumprelu(before(x, subtract=False), positive().tolist()) for x in X.tolist()]
    agrees(sae.coder, X * root, codes, [[value * root for value in output] for output in outputs(codes)])
    assert (sae.hook_point, sae.declared) == ("hook_embed", {"l0": 6.0})


def test_a_transcoder_reads_the_normalised_input_of_the_mlp_and_writes_its_output(tmp_path: Path) -> None:
    sae = read_sae(params(tmp_path / "gemma-scope-2b-pt-transcoders/layer_5/width_16k/average_l0_24", ACROSS))
    assert (sae.hook_point, sae.output_hook_point) == ("blocks.5.ln2.hook_normalized", "blocks.5.hook_mlp_out")
    bias, encoder, decoder = (ACROSS[name].tolist() for name in ("b_enc", "W_enc", "W_dec"))
    codes = [naive.jumprelu(naive.pre_activations(x, encoder, bias), positive().tolist()) for x in X.tolist()]
    agrees(sae.coder, X, codes, [naive.decoded(f, decoder, ACROSS["b_dec"].tolist()) for f in codes])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"threshold": torch.zeros(3)}, "threshold has shape"),
        ({"b_dec": torch.full((WIDTH,), float("inf"))}, "not finite"),
        ({"more": torch.zeros(3)}, "have more besides"),
        ({"W_enc": torch.zeros(4)}, "W_enc is no matrix"),
        ({"W_dec": torch.zeros(LATENTS, 5), "b_dec": torch.zeros(5)}, "W_dec has shape"),
    ],
)
def test_bad_arrays_are_refused(tmp_path: Path, change: dict[str, Tensor], words: str) -> None:
    with pytest.raises(BadSae, match=words):
        read_sae(params(tmp_path / RES, {**W, **change}))


def test_truncated_and_pickled_arrays_are_refused(tmp_path: Path) -> None:
    folder = params(tmp_path / RES, W)
    whole = (folder / "params.npz").read_bytes()
    for length in (len(whole) // 2, 100, 0):
        (folder / "params.npz").write_bytes(whole[:length])
        with pytest.raises(BadSae, match=r"params\.npz (is damaged|holds something other)"):
            read_sae(folder)
    np.savez(folder / "params.npz", W_enc=np.array([{"a": 1}], dtype=object))
    with pytest.raises(BadSae, match="other than arrays of numbers"):
        read_sae(folder)


def gemma_3(folder: Path, tensors: dict[str, Tensor], **more: Any) -> Path:
    """`config.json` and `params.safetensors` as published."""
    folder.mkdir(exist_ok=True)
    names = {"W_enc": "w_enc", "W_dec": "w_dec"}
    save_file({names.get(name, name): tensor for name, tensor in tensors.items()}, folder / "params.safetensors")
    config = {
        "architecture": "jump_relu",
        "model_name": "google/gemma-3-1b-pt",
        "hf_hook_point_in": "model.layers.10.output",
        "hf_hook_point_out": "model.layers.10.output",
        "l0": 20,
        "type": "sae",
    }
    (folder / "config.json").write_text(json.dumps(config | more))
    return folder


def test_gemma_scope_2_takes_hook_points_model_and_l0_from_its_file(tmp_path: Path) -> None:
    sae = read_sae(gemma_3(tmp_path, W))
    codes = [naive.jumprelu(before(x, subtract=False), positive().tolist()) for x in X.tolist()]
    agrees(sae.coder, X, codes, outputs(codes))
    assert (sae.hook_point, sae.output_hook_point) == ("model.layers.10", "model.layers.10")
    assert (sae.model_name, sae.declared, sae.format) == ("google/gemma-3-1b-pt", {"l0": 20.0}, "Gemma Scope 2")


@pytest.mark.parametrize("side", ["output", "input"])
def test_gemma_scope_2_transcoders_have_an_affine_skip_stored_from_input_to_output(tmp_path: Path, side: str) -> None:
    named = {
        "hf_hook_point_in": f"model.layers.5.pre_feedforward_layernorm.{side}",
        "hf_hook_point_out": "model.layers.5.post_feedforward_layernorm.output",
    }
    sae = read_sae(gemma_3(tmp_path, {**ACROSS, "affine_skip_connection": SKIP.T.contiguous()}, **named))
    module = "model.layers.5.pre_feedforward_layernorm"
    assert sae.hook_point == (module if side == "output" else f"{module}:input")
    assert sae.output_hook_point == "model.layers.5.post_feedforward_layernorm"
    bias, encoder, decoder = (ACROSS[name].tolist() for name in ("b_enc", "W_enc", "W_dec"))
    codes = [naive.jumprelu(naive.pre_activations(x, encoder, bias), positive().tolist()) for x in X.tolist()]
    wanted = [
        [a + b for a, b in zip(naive.decoded(f, decoder, ACROSS["b_dec"].tolist()), skip, strict=True)]
        for f, skip in zip(codes, (naive.mapped(x, SKIP.tolist()) for x in X.tolist()), strict=True)
    ]
    agrees(sae.coder, X, codes, wanted)


def test_gemma_scope_2_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(BadSae, match="cross-layer"):
        read_sae(gemma_3(tmp_path, {**W, "W_dec": torch.zeros(LATENTS, 2, WIDTH)}))
    with pytest.raises(BadSae, match="'topk'; jump_relu is supported"):
        read_sae(gemma_3(tmp_path, W, architecture="topk"))
    gemma_3(tmp_path, W)
    (tmp_path / "config.json").unlink()
    with pytest.raises(BadSae, match=r"config\.json cannot be read"):
        read_sae(tmp_path)
