"""Llama Scope of DeepSeek-R1-Distill-Llama: `config.json` and `sae_weights.safetensors`.

JumpReLU with a threshold a latent, stored as its logarithm, in the unit of the scaled activations. The scale that the
training used is not in the files: it is the option norm_scaling_factor.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saeserve.coders.inputs import fold_scale
from saeserve.coders.jumprelu import JumpReLU
from saeserve.formats.checked import named, read_config, read_safetensors, whole
from saeserve.formats.folder import SaeFolder
from saeserve.formats.llama_scope import transposed
from saeserve.formats.options import SCALE, hook_points, needed_scale

NAME = "Llama Scope R1"
CONFIG_FILE = "config.json"
WEIGHTS_FILE = "sae_weights.safetensors"
THRESHOLD = "log_jumprelu_threshold"


def recognises(path: Path) -> bool:
    return (path / CONFIG_FILE).is_file() and (path / WEIGHTS_FILE).is_file()


def read(folder: Path, options: Mapping[str, Any], device: str) -> SaeFolder:
    config = read_config(folder / CONFIG_FILE)
    point, output_point = hook_points(options, config.get("hook_point_in"))
    width = whole(config, "d_model") * whole(config, "expansion_factor")
    tensors = transposed(read_safetensors(folder / WEIGHTS_FILE), config, width, device, more=(THRESHOLD,))
    scale = needed_scale(options, "The SAE was trained on activations of average norm sqrt(width)")
    threshold = tensors.pop(THRESHOLD).exp()
    return SaeFolder(
        coder=JumpReLU(
            **named(fold_scale(tensors, scale, writes_input=True)), threshold=threshold, subtract_b_dec=False
        ),
        hook_point=point,
        output_hook_point=output_point,
        model_name="deepseek-ai/DeepSeek-R1-Distill-Llama-8B",
        format=NAME,
        metadata={**config, SCALE: scale},
    )
