"""EleutherAI's sparsify: `cfg.json` and `sae.safetensors` in a folder named like the hooked module.

`W_dec` is [latent, width] as it is. b_dec is subtracted from the input unless `transcode` is set. The SAE reads the
module's output; with `transcode` or `skip_connection` it reads the input and writes the output.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from saeserve.coders.base import Coder
from saeserve.coders.groupmax import GroupMax
from saeserve.coders.linear import Linear
from saeserve.coders.skip_transcoder import SkipTranscoder
from saeserve.coders.topk import TopK
from saeserve.coders.transcoder import Transcoder
from saeserve.formats.checked import (
    check_k,
    check_names,
    check_shapes,
    exact,
    flag,
    read_config,
    read_safetensors,
    whole,
)
from saeserve.formats.folder import BadSae, SaeFolder
from saeserve.formats.options import hook_points

NAME = "sparsify"
CONFIG_FILE = "cfg.json"
WEIGHTS_FILE = "sae.safetensors"


def recognises(path: Path) -> bool:
    if not (path / CONFIG_FILE).is_file():
        return False
    if (path / WEIGHTS_FILE).is_file():
        return True
    try:
        return "expansion_factor" in read_config(path / CONFIG_FILE)
    except BadSae:
        return False


def read(folder: Path, options: Mapping[str, Any], device: str) -> SaeFolder:
    config = read_config(folder / CONFIG_FILE)
    crosses = flag(config, "transcode", False) or flag(config, "skip_connection", False)
    module = folder.absolute().name
    point, output_point = hook_points(options, f"{module}:input" if crosses else module, module)
    return SaeFolder(
        coder=_coder(config, read_safetensors(folder / WEIGHTS_FILE), device, crosses=crosses),
        hook_point=point,
        output_hook_point=output_point,
        model_name="",
        format=NAME,
        metadata=config,
    )


def _coder(config: Mapping[str, Any], tensors: Mapping[str, Tensor], device: str, *, crosses: bool) -> Coder:
    held = _checked(config, tensors, device)
    skip = held.get("W_skip")
    inner = _inner(config, held)
    if skip is not None:
        return SkipTranscoder(inner, skip)
    return Transcoder(inner) if crosses else inner


def _checked(config: Mapping[str, Any], tensors: Mapping[str, Tensor], device: str) -> dict[str, Tensor]:
    width = _latents(config)
    wide = whole(config, "d_in")
    expected = {"encoder.weight": [width, wide], "encoder.bias": [width], "W_dec": [width, wide], "b_dec": [wide]}
    if flag(config, "skip_connection", False):
        expected["W_skip"] = [wide, wide]
    check_names(tensors, expected)
    check_shapes(tensors, expected)
    return exact(tensors, device)


def _latents(config: Mapping[str, Any]) -> int:
    """0 stands for the expansion factor times the width."""
    if config.get("num_latents"):
        return whole(config, "num_latents")
    return whole(config, "d_in") * whole(config, "expansion_factor")


def _inner(config: Mapping[str, Any], held: Mapping[str, Tensor]) -> Linear:
    if flag(config, "signed", False):
        raise BadSae("cfg.json sets signed: negative activations count as firings there, which is not supported.")
    width, k = len(held["encoder.bias"]), check_k(whole(config, "k"), len(held["encoder.bias"]))
    weights: dict[str, Any] = {
        "W_enc": held["encoder.weight"].T.contiguous(),
        "b_enc": held["encoder.bias"],
        "W_dec": held["W_dec"],
        "b_dec": held["b_dec"],
        "subtract_b_dec": not flag(config, "transcode", False),
    }
    activation = config.get("activation", "topk")
    if activation == "topk":
        return TopK(**weights, k=k)
    if activation != "groupmax":
        raise BadSae(f"cfg.json names the activation {activation!r}; topk and groupmax are supported.")
    if width % k:
        raise BadSae(f"cfg.json asks for {k} groups of {width} latents, which cannot be of equal size.")
    return GroupMax(**weights, k=k)
