"""Llama Scope (He et al. 2024, arXiv 2410.20526): `hyperparams.json` and `checkpoints/final.safetensors`.

JumpReLU with one threshold for all latents, trained on activations scaled to an average norm of sqrt(width); the mean
norm is in the file, so the scale is folded into W_enc, W_dec and b_dec. The threshold is in the unit of the raw
activations and is scaled with them. (OpenMOSS' own program divides the encoder's bias instead: the same latents, their
activations smaller by the scale.)
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from saeserve.coders.inputs import fold_scale
from saeserve.coders.jumprelu import JumpReLU
from saeserve.formats.checked import (
    check_names,
    check_shapes,
    exact,
    named,
    number,
    read_config,
    read_safetensors,
    whole,
)
from saeserve.formats.folder import BadSae, SaeFolder
from saeserve.formats.options import hook_points

NAME = "Llama Scope"
CONFIG_FILE = "hyperparams.json"
WEIGHTS_FILE = "checkpoints/final.safetensors"
STORED = ("encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias")


def recognises(path: Path) -> bool:
    return (path / CONFIG_FILE).is_file()


def read(folder: Path, options: Mapping[str, Any], device: str) -> SaeFolder:
    config = read_config(folder / CONFIG_FILE)
    reads = config.get("hook_point_in")
    if config.get("hook_point_out", reads) != reads:
        raise BadSae("hyperparams.json names another hook point to write to: Llama Scope's transcoders are not read.")
    point, output_point = hook_points(options, reads)
    tensors = transposed(read_safetensors(folder / WEIGHTS_FILE), config, whole(config, "d_sae"), device)
    norms = config.get("dataset_average_activation_norm")
    scale = math.sqrt(whole(config, "d_model")) / number(norms if isinstance(norms, dict) else {}, "in")
    threshold = number(config, "jump_relu_threshold", above=-math.inf) * scale
    return SaeFolder(
        coder=JumpReLU(
            **named(fold_scale(tensors, scale, writes_input=True)),
            threshold=torch.full_like(tensors["b_enc"], threshold),
            subtract_b_dec=False,
        ),
        hook_point=point,
        output_hook_point=output_point,
        model_name="meta-llama/Llama-3.1-8B",
        format=NAME,
        metadata=config,
    )


def transposed(
    stored: Mapping[str, Tensor], config: Mapping[str, Any], width: int, device: str, *, more: tuple[str, ...] = ()
) -> dict[str, Tensor]:
    """W_enc, b_enc, W_dec and b_dec from the layout of torch's linear layers, and `more` tensors of one value a
    latent as they are."""
    wide = whole(config, "d_model")
    check_names(stored, (*STORED, *more))
    expected = {"encoder.weight": [width, wide], "encoder.bias": [width], "decoder.weight": [wide, width]}
    check_shapes(stored, {**expected, "decoder.bias": [wide], **{name: [width] for name in more}})
    held = exact(stored, device)
    return {
        "W_enc": held["encoder.weight"].T.contiguous(),
        "b_enc": held["encoder.bias"],
        "W_dec": held["decoder.weight"].T.contiguous(),
        "b_dec": held["decoder.bias"],
        **{name: held[name] for name in more},
    }
