"""EleutherAI's sparsify. Each test writes a folder in its layout."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from saeserve.formats.folder import BadSae
from saeserve.formats.read import read_sae
from tests.unit.saeserve import naive_coders as naive
from tests.unit.saeserve.made_up_saes import LATENTS, WIDTH, activations, agrees, weights
from tests.unit.saeserve.test_coders import before, outputs

W = weights()
X = activations()
SKIP = torch.randn(WIDTH, WIDTH, generator=torch.Generator().manual_seed(3))
CONFIG = {
    "activation": "topk",
    "expansion_factor": 32,
    "normalize_decoder": True,
    "num_latents": LATENTS,
    "k": 3,
    "multi_topk": False,
    "skip_connection": False,
    "transcode": False,
    "d_in": WIDTH,
}


def stored(w: dict[str, Tensor], **more: Tensor) -> dict[str, Tensor]:
    names = {"encoder.weight": w["W_enc"].T.contiguous(), "encoder.bias": w["b_enc"]}
    return {**names, "W_dec": w["W_dec"], "b_dec": w["b_dec"], **more}


def written(folder: Path, tensors: dict[str, Tensor], **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "sae.safetensors")
    (folder / "cfg.json").write_text(json.dumps(CONFIG | more))
    return folder


@pytest.mark.parametrize("normalize_decoder", [True, False])
def test_the_decoder_is_as_it_stands_and_b_dec_is_always_subtracted(tmp_path: Path, normalize_decoder: bool) -> None:
    sae = read_sae(written(tmp_path / "layers.10.mlp", stored(W), normalize_decoder=normalize_decoder))
    codes = [naive.topk(before(x), 3) for x in X.tolist()]
    agrees(sae.coder, X, codes, outputs(codes))
    assert (sae.hook_point, sae.output_hook_point, sae.format) == ("layers.10.mlp", "layers.10.mlp", "sparsify")


def test_no_number_of_latents_means_the_expansion_factor_times_the_width(tmp_path: Path) -> None:
    wide = weights(latents=24)
    sae = read_sae(written(tmp_path / "h.3", stored(wide), num_latents=0, expansion_factor=4))
    assert sae.coder.width == 24
    with pytest.raises(BadSae, match="expansion_factor as 0"):
        read_sae(written(tmp_path / "h.3", stored(wide), num_latents=0, expansion_factor=0))


def test_groupmax_lets_one_latent_of_each_group_fire(tmp_path: Path) -> None:
    codes = [naive.groupmax(before(x), 5) for x in X.tolist()]
    agrees(read_sae(written(tmp_path / "a", stored(W), activation="groupmax", k=5)).coder, X, codes, outputs(codes))
    with pytest.raises(BadSae, match="3 groups of 20 latents"):
        read_sae(written(tmp_path / "a", stored(W), activation="groupmax", k=3))


def test_a_transcoder_does_not_subtract_b_dec_and_reads_the_modules_input(tmp_path: Path) -> None:
    sae = read_sae(written(tmp_path / "layers.3.mlp", stored(W), transcode=True))
    codes = [naive.topk(before(x, subtract=False), 3) for x in X.tolist()]
    agrees(sae.coder, X, codes, outputs(codes))
    assert (sae.hook_point, sae.output_hook_point) == ("layers.3.mlp:input", "layers.3.mlp")


@pytest.mark.parametrize("transcode", [True, False])
def test_a_skip_connection_adds_a_linear_map_of_the_raw_input(tmp_path: Path, transcode: bool) -> None:
    folder = written(tmp_path / "layers.3.mlp", stored(W, W_skip=SKIP), transcode=transcode, skip_connection=True)
    codes = [naive.topk(before(x, subtract=not transcode), 3) for x in X.tolist()]
    wanted = [
        [a + b for a, b in zip(output, naive.mapped(x, SKIP.tolist()), strict=True)]
        for output, x in zip(outputs(codes), X.tolist(), strict=True)
    ]
    sae = read_sae(folder)
    agrees(sae.coder, X, codes, wanted)
    assert sae.hook_point == "layers.3.mlp:input"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"signed": True}, "signed"),
        ({"activation": "relu"}, "'relu'"),
        ({"k": 21}, "k = 21 of only 20"),
        ({"k": 0}, "k as 0"),
        ({"d_in": 7}, "shape"),
        ({"skip_connection": True}, "lack W_skip"),
    ],
)
def test_what_would_give_other_codes_is_refused(tmp_path: Path, more: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSae, match=words):
        read_sae(written(tmp_path / "layers.3", stored(W), **more))


def test_a_folder_without_its_weights_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "layers.3", stored(W))
    (folder / "sae.safetensors").unlink()
    with pytest.raises(BadSae, match=r"has no sae\.safetensors"):
        read_sae(folder)
