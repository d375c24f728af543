"""OpenAI's, dictionary_learning's and Goodfire's SAEs are pickles. Each test writes a file in the tool's layout."""

import json
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

from saeserve.coders.matryoshka import Matryoshka
from saeserve.formats.folder import BadSae, SaeFolder
from saeserve.formats.read import read_sae
from tests.unit.saeserve import naive_coders as naive
from tests.unit.saeserve.made_up_saes import LATENTS, WIDTH, activations, agrees, dense, positive, weights
from tests.unit.saeserve.test_coders import CODERS, GATES, before, outputs

W = weights()
X = activations()
ENC, DEC = W["W_enc"].T.contiguous(), W["W_dec"].T.contiguous()
HOOK = {"hook_point": "transformer.h.8"}
OPENAI = {
    "pre_bias": W["b_dec"],
    "encoder.weight": ENC,
    "latent_bias": W["b_enc"],
    "decoder.weight": DEC,
    "stats_last_nonzero": torch.zeros(LATENTS, dtype=torch.long),
    "latents_activation_frequency": torch.ones(LATENTS),
    "latents_mean_square": torch.zeros(LATENTS),
}
TOPK = {"activation": "TopK", "activation_state_dict": {"k": 3, "postact_fn": "ReLU"}}
RELU = {"activation": "ReLU", "activation_state_dict": OrderedDict()}


class Harmful:
    """Unpickled, it would run a command."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("true",)


def saved(path: Path, held: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(held, path)
    return path


def test_openai_normalises_the_input_if_it_is_topk(tmp_path: Path) -> None:
    normed = [naive.layer_normed(x) for x in X.tolist()]
    codes = [naive.topk(before(x), 3) for x, _, _ in normed]
    wanted = [
        [value * divisor + mean for value in output]
        for output, (_, mean, divisor) in zip(outputs(codes), normed, strict=True)
    ]
    agrees(read_sae(saved(tmp_path / "8.pt", {**OPENAI, **TOPK}), options=HOOK).coder, X, codes, wanted)


def test_openai_does_not_if_it_is_relu(tmp_path: Path) -> None:
    codes = [naive.relu(before(x)) for x in X.tolist()]
    agrees(read_sae(saved(tmp_path / "8.pt", {**OPENAI, **RELU}), options=HOOK).coder, X, codes, outputs(codes))


@pytest.mark.parametrize(
    ("path", "hook_point"),
    [
        ("resid_post_mlp_v5_32k/autoencoders/8.pt", "blocks.8.hook_resid_post"),
        ("resid_delta_mlp/autoencoders/3.pt", "blocks.3.hook_mlp_out"),
        ("resid_post_attn_v5_128k/autoencoders/11.pt", "blocks.11.hook_resid_mid"),
        ("resid_delta_attn/autoencoders/0.pt", "blocks.0.hook_attn_out"),
        ("mlp_post_act/autoencoders/1.pt", "blocks.1.mlp.hook_post"),
    ],
)
def test_openais_path_says_the_place(tmp_path: Path, path: str, hook_point: str) -> None:
    sae = read_sae(saved(tmp_path / path, {**OPENAI, **RELU}))
    assert (sae.hook_point, sae.model_name) == (hook_point, "gpt2")


def test_openai_without_a_place_asks_for_it(tmp_path: Path) -> None:
    with pytest.raises(BadSae, match="pass the option hook_point"):
        read_sae(saved(tmp_path / "sae.pt", {**OPENAI, **RELU}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"activation": "Identity"}, "'Identity'"),
        ({"activation_state_dict": {"k": 3, "postact_fn": "Identity"}}, "'Identity' after TopK"),
        ({"activation_state_dict": {}}, "k as None"),
        ({"activation_state_dict": {"k": 99}}, "k = 99 of only 20"),
        ({"encoder.weight": ENC.T.contiguous()}, "shape"),
        ({"encoder.weight": [1, 2]}, "is no matrix"),
        ({"more": torch.zeros(2)}, "have more besides"),
        ({"pre_bias": torch.full((WIDTH,), float("nan"))}, "not finite"),
    ],
)
def test_bad_openai_files_are_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSae, match=words):
        read_sae(saved(tmp_path / "8.pt", {**OPENAI, **TOPK, **change}), options=HOOK)


def test_a_pickle_with_code_in_it_is_not_loaded(tmp_path: Path) -> None:
    for name in ("8.pt", "sae.pth"):
        with pytest.raises(BadSae, match="could run code"):
            read_sae(saved(tmp_path / name, {**OPENAI, "more": Harmful()}), options=HOOK)
    (tmp_path / "config.json").write_text(json.dumps({"trainer": {"dict_class": "AutoEncoder"}}))
    saved(tmp_path / "ae.pt", Harmful())
    with pytest.raises(BadSae, match="could run code"):
        read_sae(tmp_path, options=HOOK)


def test_truncated_pickles_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "8.pt", {**OPENAI, **TOPK})
    whole = path.read_bytes()
    for length in (len(whole) - 200, len(whole) // 2, 10, 0):
        path.write_bytes(whole[:length])
        with pytest.raises(BadSae, match=r"8\.pt is"):
            read_sae(path, options=HOOK)
    with pytest.raises(BadSae, match="no named tensors"):
        read_sae(saved(path, [torch.zeros(2)]), options=HOOK)


LINEAR = {"encoder.weight": ENC, "encoder.bias": W["b_enc"], "decoder.weight": DEC}
K = {"k": torch.tensor(3, dtype=torch.int)}
CLASSES: dict[str, dict[str, torch.Tensor]] = {
    "AutoEncoder": {**LINEAR, "bias": W["b_dec"]},
    "AutoEncoderNew": {**LINEAR, "decoder.bias": W["b_dec"]},
    "GatedAutoEncoder": {
        "encoder.weight": ENC,
        "decoder.weight": DEC,
        "decoder_bias": W["b_dec"],
        "gate_bias": GATES["b_gate"],
        "mag_bias": GATES["b_mag"],
        "r_mag": GATES["r_mag"],
    },
    "JumpReluAutoEncoder": {**W, "threshold": positive()},
    "AutoEncoderTopK": {**LINEAR, "b_dec": W["b_dec"], **K, "threshold": torch.tensor(-1.0)},
    "BatchTopKSAE": {**LINEAR, "b_dec": W["b_dec"], **K, "threshold": torch.tensor(1.2)},
    "MatryoshkaBatchTopKSAE": {
        **W, **K, "threshold": torch.tensor(1.2), "group_sizes": torch.tensor([4, 6, 10]),
    },
}  # fmt: skip


def trained(folder: Path, name: str, held: object, **more: Any) -> Path:
    saved(folder / "ae.pt", held)
    trainer = {
        "dict_class": name,
        "activation_dim": WIDTH,
        "dict_size": LATENTS,
        "layer": 8,
        "lm_name": "EleutherAI/pythia-70m-deduped",
        "submodule_name": "resid_post_layer_8",
    }
    (folder / "config.json").write_text(json.dumps({"trainer": trainer | more, "buffer": {"ctx_len": 128}}))
    return folder


def of(folder: Path, name: str) -> SaeFolder:
    return read_sae(trained(folder, name, CLASSES[name]))


def test_dictionary_learning_says_where_and_on_what(tmp_path: Path) -> None:
    sae = of(tmp_path, "AutoEncoder")
    assert (sae.hook_point, sae.model_name) == ("blocks.8.hook_resid_post", "EleutherAI/pythia-70m-deduped")
    named = trained(tmp_path, "AutoEncoder", CLASSES["AutoEncoder"], submodule_name="gpt_neox.layers.3.mlp")
    assert read_sae(named / "ae.pt").hook_point == "gpt_neox.layers.3.mlp"
    unclear = trained(tmp_path, "AutoEncoder", CLASSES["AutoEncoder"], submodule_name="mlp_out_layer_8")
    with pytest.raises(BadSae, match="pass the option hook_point"):
        read_sae(unclear)


def test_auto_encoder_keeps_the_norms_of_its_decoder(tmp_path: Path) -> None:
    codes = [naive.relu(before(x)) for x in X.tolist()]
    agrees(of(tmp_path, "AutoEncoder").coder, X, codes, outputs(codes))


def test_auto_encoder_new_has_no_bias_before_the_encoder(tmp_path: Path) -> None:
    codes = [naive.relu(before(x, subtract=False)) for x in X.tolist()]
    agrees(of(tmp_path, "AutoEncoderNew").coder, X, codes, outputs(codes))


def test_gated_auto_encoder(tmp_path: Path) -> None:
    codes = dense(of(tmp_path, "GatedAutoEncoder").coder.encode(X))
    assert torch.equal(codes, dense(CODERS["gated"].encode(X)))


def test_jump_relu_auto_encoder_does_not_subtract_b_dec(tmp_path: Path) -> None:
    codes = [naive.jumprelu(before(x, subtract=False), positive().tolist()) for x in X.tolist()]
    agrees(of(tmp_path, "JumpReluAutoEncoder").coder, X, codes, outputs(codes))


def test_auto_encoder_topk_ignores_a_threshold_that_was_never_tracked(tmp_path: Path) -> None:
    codes = [naive.topk(before(x), 3) for x in X.tolist()]
    agrees(of(tmp_path, "AutoEncoderTopK").coder, X, codes, outputs(codes))
    older = {name: tensor for name, tensor in CLASSES["AutoEncoderTopK"].items() if name != "threshold"}
    agrees(read_sae(trained(tmp_path, "AutoEncoderTopK", older)).coder, X, codes, outputs(codes))


@pytest.mark.parametrize("name", ["BatchTopKSAE", "MatryoshkaBatchTopKSAE"])
def test_batchtopk_is_gated_by_its_threshold_and_is_not_a_relu(tmp_path: Path, name: str) -> None:
    codes = [naive.jumprelu(before(x), [1.2] * LATENTS) for x in X.tolist()]
    coder = of(tmp_path, name).coder
    agrees(coder, X, codes, outputs(codes))
    assert len(coder.encode(X).values) < len(CODERS["relu"].encode(X).values)
    if isinstance(coder, Matryoshka):
        assert coder.group_sizes == (4, 6, 10)


@pytest.mark.parametrize("name", ["BatchTopKSAE", "MatryoshkaBatchTopKSAE"])
def test_a_threshold_that_was_never_learnt_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSae, match="threshold is -1: the training never came to learn it"):
        read_sae(trained(tmp_path, name, {**CLASSES[name], "threshold": torch.tensor(-1.0)}))


def test_a_backup_of_an_interrupted_training_is_refused(tmp_path: Path) -> None:
    nested = {"step": 100, "ae": CLASSES["AutoEncoder"], "optimizer": {}, "config": {}, "norm_factor": 3.0}
    with pytest.raises(BadSae, match="interrupted training"):
        read_sae(trained(tmp_path, "AutoEncoder", nested))


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("AutoEncoder", {"bias": torch.zeros(3)}, "bias has shape"),
        ("AutoEncoder", {"more": torch.zeros(3)}, "have more besides"),
        ("AutoEncoder", {"bias": "none"}, "more than tensors"),
        ("JumpReluAutoEncoder", {"threshold": torch.tensor(1.0)}, "threshold has shape"),
        ("AutoEncoderTopK", {"k": torch.tensor(99)}, "k = 99 of only 20"),
        ("AutoEncoderTopK", {"k": torch.tensor(0)}, "k as 0"),
        ("MatryoshkaBatchTopKSAE", {"group_sizes": torch.tensor([4, 6])}, "do not add up to 20"),
    ],
)
def test_bad_dictionary_learning_files_are_refused(
    tmp_path: Path, name: str, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadSae, match=words):
        read_sae(trained(tmp_path, name, {**CLASSES[name], **change}))


def test_an_unknown_class_or_no_trainer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSae, match="'CrossCoder'; these are supported: AutoEncoder"):
        read_sae(trained(tmp_path, "CrossCoder", CLASSES["AutoEncoder"]))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BadSae, match="no trainer"):
        read_sae(tmp_path)


def test_goodfire_is_a_relu_without_a_bias_before_it(tmp_path: Path) -> None:
    held = {
        "encoder_linear.weight": ENC,
        "encoder_linear.bias": W["b_enc"],
        "decoder_linear.weight": DEC,
        "decoder_linear.bias": W["b_dec"],
    }
    codes = [naive.relu(before(x, subtract=False)) for x in X.tolist()]
    sae = read_sae(saved(tmp_path / "Llama-3.1-8B-Instruct-SAE-l19.pth", held))
    agrees(sae.coder, X, codes, outputs(codes))
    assert (sae.hook_point, sae.model_name) == ("blocks.19.hook_resid_post", "meta-llama/Llama-3.1-8B-Instruct")
    assert read_sae(saved(tmp_path / "mine.pt", held), options=HOOK).format == "Goodfire"
    with pytest.raises(BadSae, match="shape"):
        read_sae(saved(tmp_path / "mine.pt", {**held, "decoder_linear.bias": W["b_enc"]}), options=HOOK)
