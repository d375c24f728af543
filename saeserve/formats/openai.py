"""OpenAI's sparse_autoencoder (Gao et al. 2024, arXiv 2406.04093): one `.pt` file, made for GPT-2 small.

The input goes through a LayerNorm if and only if the activation is TopK. The place is not in the file; published ones
say it in their path, `{location}[_v5_32k|_v5_128k]/autoencoders/{layer}.pt`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from saeserve.coders.inputs import LAYER_NORM, NONE, Inputs
from saeserve.coders.linear import Linear
from saeserve.coders.relu import ReLU
from saeserve.coders.topk import TopK
from saeserve.formats.checked import (
    check_k,
    check_matrices,
    check_names,
    check_shapes,
    exact,
    read_pickle,
    section,
    whole,
)
from saeserve.formats.folder import BadSae, SaeFolder
from saeserve.formats.options import hook_points

NAME = "OpenAI sparse_autoencoder"
WEIGHTS = ("pre_bias", "encoder.weight", "latent_bias", "decoder.weight")
STATISTICS = ("stats_last_nonzero", "latents_activation_frequency", "latents_mean_square")
SETTINGS = ("activation", "activation_state_dict")
HOOKS = {
    "mlp_post_act": "mlp.hook_post",
    "resid_delta_attn": "hook_attn_out",
    "resid_post_attn": "hook_resid_mid",
    "resid_delta_mlp": "hook_mlp_out",
    "resid_post_mlp": "hook_resid_post",
}
"""Location as OpenAI names it to TransformerLens' name."""
PLACE = re.compile(rf"({'|'.join(HOOKS)})[^/]*/(?:.*/)?(\d+)\.pt$")


def recognises(path: Path) -> bool:
    """A `.pt` file, but for dictionary_learning's and Goodfire's, which have names and tensors of their own."""
    if path.suffix != ".pt" or not path.is_file() or path.name == "ae.pt":
        return False
    try:
        return "pre_bias" in read_pickle(path)
    except BadSae:
        return True


def read(file: Path, options: Mapping[str, Any], device: str) -> SaeFolder:
    held = read_pickle(file)
    place = PLACE.search(file.absolute().as_posix())
    found = f"blocks.{place.group(2)}.{HOOKS[place.group(1)]}" if place else None
    point, output_point = hook_points(options, found)
    return SaeFolder(
        coder=_coder(held, device),
        hook_point=point,
        output_hook_point=output_point,
        model_name="gpt2" if place else "",
        format=NAME,
    )


def _coder(held: Mapping[str, Any], device: str) -> Linear:
    check_names(held, WEIGHTS, optional=(*STATISTICS, *SETTINGS))
    tensors = _checked({name: held[name] for name in WEIGHTS}, device)
    weights: dict[str, Any] = {
        "W_enc": tensors["encoder.weight"].T.contiguous(),
        "b_enc": tensors["latent_bias"],
        "W_dec": tensors["decoder.weight"].T.contiguous(),
        "b_dec": tensors["pre_bias"],
    }
    activation, state = held.get("activation", "ReLU"), section(held, "activation_state_dict")
    if activation == "ReLU":
        return ReLU(**weights, inputs=Inputs(NONE))
    if activation != "TopK":
        raise BadSae(f"The file names the activation {activation!r}; ReLU and TopK are supported.")
    if state.get("postact_fn", "ReLU") != "ReLU":
        raise BadSae(f"The file applies {state['postact_fn']!r} after TopK; only ReLU makes firings of activations.")
    k = check_k(whole(state, "k"), len(weights["b_enc"]))
    return TopK(**weights, k=k, inputs=Inputs(LAYER_NORM))


def _checked(tensors: Mapping[str, Any], device: str) -> dict[str, Tensor]:
    check_matrices(tensors, ("encoder.weight", "decoder.weight"))
    if not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise BadSae("The file's biases are no tensors; fetch the SAE again.")
    width, wide = tensors["encoder.weight"].shape
    check_shapes(tensors, {"pre_bias": [wide], "latent_bias": [width], "decoder.weight": [wide, width]})
    return exact(tensors, device)
