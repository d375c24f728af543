"""The SAELens layout from before version 6: a flat `cfg.json`, and `sae_weights.safetensors`, in one folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from saeserve.formats.checked import check_shapes, read_config, read_safetensors, section, whole
from saeserve.formats.folder import BadSae, SaeFolder
from saeserve.formats.saelens import sae_folder
from saeserve.formats.saelens_coder import AVERAGE
from saeserve.formats.write_saelens import CONFIG_FILE, WEIGHTS_FILE

NAME = "SAELens before 6"
RENAMED = {"hook_point": "hook_name", "hook_point_head_index": "hook_head_index", "activation_fn_str": "activation_fn"}
METADATA = (
    "model_name",
    "hook_name",
    "hook_head_index",
    "model_from_pretrained_kwargs",
    "prepend_bos",
    "context_size",
    "dataset_path",
    "neuronpedia_id",
    "sae_lens_training_version",
)


def recognises(path: Path) -> bool:
    if not (path / CONFIG_FILE).is_file():
        return False
    try:
        config = read_config(path / CONFIG_FILE)
    except BadSae:
        return False
    return "metadata" not in config and ("d_sae" in config or (path / WEIGHTS_FILE).is_file())


def read(folder: Path, options: Mapping[str, Any], device: str) -> SaeFolder:
    flat = {RENAMED.get(key, key): value for key, value in read_config(folder / CONFIG_FILE).items()}
    config = _as_version_6(flat)
    tensors = _scaled(flat, read_safetensors(folder / WEIGHTS_FILE))
    metadata = {"prepend_bos": True, **{key: flat[key] for key in METADATA if key in flat}}
    return sae_folder(config, metadata, tensors, options, device, NAME)


def _as_version_6(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The same configuration in the terms of version 6."""
    config = {"architecture": "standard", "apply_b_dec_to_input": True, **flat}
    normalize = flat.get("normalize_activations")
    if isinstance(normalize, bool):
        config["normalize_activations"] = AVERAGE if normalize else "none"
    activation = str(flat.get("activation_fn") or "relu")
    if activation == "topk":
        # Read as ReLU, which `architecture` says, far more latents would fire than in training.
        arguments = section(flat, "activation_fn_kwargs")
        config |= {"architecture": "topk", "k": arguments.get("k", flat.get("k"))}
    elif activation != "relu":
        raise BadSae(f"cfg.json names the activation function {activation!r}; relu and topk are supported.")
    return config


def _scaled(flat: Mapping[str, Any], tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors with a fine-tuned `scaling_factor`, which multiplied activations in decoding, folded into the decoder."""
    held = dict(tensors)
    factor = held.pop("scaling_factor", None)
    if factor is None or "W_dec" not in held:
        return held
    check_shapes({"scaling_factor": factor}, {"scaling_factor": [whole(flat, "d_sae")]})
    if torch.allclose(factor.float(), torch.ones_like(factor, dtype=torch.float32)):
        return held
    if not flat.get("finetuning_scaling_factor"):
        raise BadSae(
            "The weights have a scaling_factor other than 1 and cfg.json does not set finetuning_scaling_factor; set "
            "it to say whether activations are multiplied by it in decoding."
        )
    held["W_dec"] = held["W_dec"].float() * factor.float()[:, None]
    return held
