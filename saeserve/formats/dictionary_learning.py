"""dictionary_learning: `ae.pt` and `config.json` in one folder; what the class in the configuration computes.

The decoder is taken as stored. The library itself may rescale an AutoEncoder to unit decoder norms on loading, which
changes the magnitudes of activations and not the reconstruction.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from saeserve.coders.batchtopk import BatchTopK
from saeserve.coders.gated import Gated
from saeserve.coders.jumprelu import JumpReLU
from saeserve.coders.linear import Linear
from saeserve.coders.matryoshka import Matryoshka
from saeserve.coders.relu import ReLU
from saeserve.coders.topk import TopK
from saeserve.formats.checked import (
    check_k,
    check_matrices,
    check_names,
    check_shapes,
    exact,
    named,
    read_config,
    read_pickle,
    whole,
)
from saeserve.formats.folder import BadSae, SaeFolder
from saeserve.formats.options import hook_points

NAME = "dictionary_learning"
CONFIG_FILE = "config.json"
WEIGHTS_FILE = "ae.pt"
Held = Mapping[str, Tensor]
ENCODER, DECODER = ("encoder.weight", "encoder.bias"), ("decoder.weight",)
SQUARE = ("W_enc", "b_enc", "W_dec", "b_dec")
TENSORS: dict[str, tuple[str, ...]] = {
    "AutoEncoder": ("bias", *ENCODER, *DECODER),
    "AutoEncoderNew": (*ENCODER, *DECODER, "decoder.bias"),
    "GatedAutoEncoder": ("decoder_bias", "encoder.weight", *DECODER, "r_mag", "gate_bias", "mag_bias"),
    "JumpReluAutoEncoder": (*SQUARE, "threshold"),
    "AutoEncoderTopK": (*ENCODER, *DECODER, "b_dec", "k"),
    "BatchTopKSAE": (*ENCODER, *DECODER, "b_dec", "k", "threshold"),
    "MatryoshkaBatchTopKSAE": (*SQUARE, "k", "threshold", "group_sizes"),
}
OPTIONAL = {"AutoEncoderTopK": ("threshold",)}


def recognises(path: Path) -> bool:
    return (path / WEIGHTS_FILE).is_file() or (path.name == WEIGHTS_FILE and path.is_file())


def read(path: Path, options: Mapping[str, Any], device: str) -> SaeFolder:
    folder = path if path.is_dir() else path.parent
    config = read_config(folder / CONFIG_FILE)
    trainer = config.get("trainer")
    if not isinstance(trainer, dict):
        raise BadSae("config.json has no trainer, which names the class of the SAE; fetch the SAE again.")
    point, output_point = hook_points(options, _hook_point(trainer))
    return SaeFolder(
        coder=_coder(trainer, read_pickle(folder / WEIGHTS_FILE), device),
        hook_point=point,
        output_hook_point=output_point,
        model_name=str(trainer.get("lm_name") or ""),
        format=NAME,
        metadata=trainer,
    )


def _hook_point(trainer: Mapping[str, Any]) -> str | None:
    """The residual stream after `layer`, where `submodule_name` says that, or does not say."""
    layer, module = trainer.get("layer"), str(trainer.get("submodule_name") or "")
    if "." in module:
        return module
    named_after_stream = module in ("", f"resid_post_layer_{layer}")
    return f"blocks.{layer}.hook_resid_post" if isinstance(layer, int) and named_after_stream else None


def _coder(trainer: Mapping[str, Any], held: Mapping[str, Any], device: str) -> Linear:
    if "ae" in held and "step" in held:
        raise BadSae(
            f"{WEIGHTS_FILE} is a backup of an interrupted training, with biases that are not yet scaled back; finish "
            "the training and give what it saves at its end."
        )
    name = str(trainer.get("dict_class"))
    if name not in BUILDERS:
        raise BadSae(f"config.json names the class {name!r}; these are supported: {', '.join(BUILDERS)}.")
    check_names(held, TENSORS[name], optional=OPTIONAL.get(name, ()))
    if not all(isinstance(value, Tensor) for value in held.values()):
        raise BadSae(f"{WEIGHTS_FILE} holds more than tensors; fetch the SAE again.")
    tensors = {**exact(_without_counts(held), device), **{key: held[key] for key in COUNTS if key in held}}
    return BUILDERS[name](trainer, _checked(trainer, tensors))


COUNTS = ("k", "group_sizes")
MATRICES = ("encoder.weight", "decoder.weight", "W_enc", "W_dec")


def _without_counts(held: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in held.items() if key not in COUNTS}


def _checked(trainer: Mapping[str, Any], held: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as [width, latent] encoder and [latent, width] decoder, their shapes checked."""
    wide, width = whole(trainer, "activation_dim"), whole(trainer, "dict_size")
    tensors = dict(held)
    check_matrices(held, [name for name in held if name in MATRICES])
    for stored, name in (("encoder.weight", "W_enc"), ("decoder.weight", "W_dec")):
        if stored in tensors:
            tensors[name] = tensors.pop(stored).T.contiguous()
    a_latent = ("encoder.bias", "b_enc", "r_mag", "gate_bias", "mag_bias")
    a_width = ("bias", "decoder.bias", "decoder_bias", "b_dec")
    expected = {"W_enc": [wide, width], "W_dec": [width, wide]}
    expected |= {name: [width] for name in a_latent} | {name: [wide] for name in a_width}
    expected["threshold"] = [width] if trainer["dict_class"] == "JumpReluAutoEncoder" else []
    check_shapes(tensors, {name: shape for name, shape in expected.items() if name in tensors})
    return tensors


def _relu(trainer: Mapping[str, Any], held: Held) -> Linear:
    return ReLU(W_enc=held["W_enc"], b_enc=held["encoder.bias"], W_dec=held["W_dec"], b_dec=held["bias"])


def _relu_without_pre_bias(trainer: Mapping[str, Any], held: Held) -> Linear:
    weights = named({"W_enc": held["W_enc"], "b_enc": held["encoder.bias"], "W_dec": held["W_dec"]})
    return ReLU(**weights, b_dec=held["decoder.bias"], subtract_b_dec=False)


def _gated(trainer: Mapping[str, Any], held: Held) -> Linear:
    return Gated(
        W_enc=held["W_enc"],
        W_dec=held["W_dec"],
        b_dec=held["decoder_bias"],
        b_gate=held["gate_bias"],
        b_mag=held["mag_bias"],
        r_mag=held["r_mag"],
    )


def _jumprelu(trainer: Mapping[str, Any], held: Held) -> Linear:
    return JumpReLU(**named({name: held[name] for name in (*SQUARE, "threshold")}), subtract_b_dec=False)


def _topk(trainer: Mapping[str, Any], held: Held) -> Linear:
    check_shapes(held, {"k": []})
    k = check_k(whole({"k": held["k"].item()}, "k"), len(held["encoder.bias"]))
    return TopK(W_enc=held["W_enc"], b_enc=held["encoder.bias"], W_dec=held["W_dec"], b_dec=held["b_dec"], k=k)


def _batchtopk(trainer: Mapping[str, Any], held: Held) -> Linear:
    weights = {"W_enc": held["W_enc"], "b_enc": held["encoder.bias"], "W_dec": held["W_dec"], "b_dec": held["b_dec"]}
    return BatchTopK(**named(weights), threshold=_threshold(held))


def _matryoshka(trainer: Mapping[str, Any], held: Held) -> Linear:
    groups = tuple(int(size) for size in held["group_sizes"].reshape(-1))
    if sum(groups) != len(held["b_enc"]) or min(groups, default=0) < 1:
        raise BadSae(f"group_sizes {list(groups)} do not add up to {len(held['b_enc'])} latents; fetch the SAE again.")
    return Matryoshka(**named({name: held[name] for name in SQUARE}), threshold=_threshold(held), group_sizes=groups)


def _threshold(held: Held) -> float:
    """The running threshold; the library starts at -1, which would let every latent above 0 fire."""
    threshold = float(held["threshold"])
    if threshold <= 0:
        raise BadSae(
            f"threshold is {threshold:g}: the training never came to learn it, and without it far more latents fire "
            "than in training; train on, past threshold_start_step."
        )
    return threshold


BUILDERS: dict[str, Callable[[Mapping[str, Any], Held], Linear]] = {
    "AutoEncoder": _relu,
    "AutoEncoderNew": _relu_without_pre_bias,
    "GatedAutoEncoder": _gated,
    "JumpReluAutoEncoder": _jumprelu,
    "AutoEncoderTopK": _topk,
    "BatchTopKSAE": _batchtopk,
    "MatryoshkaBatchTopKSAE": _matryoshka,
}
