"""The SAELens v6 layout: `cfg.json` and `sae_weights.safetensors` in one folder."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from saeserve.artifacts import write_atomically, write_json
from saeserve.coders.topk import TopK
from saeserve.refusal import Refusal

CONFIG_FILE = "cfg.json"
WEIGHTS_FILE = "sae_weights.safetensors"
LAYOUT_VERSION = "6.18.0"
"""Version of SAELens whose layout is written. Without it a reader takes the file for a pre-6 one."""


class BadSae(Refusal):
    """The folder does not hold an SAE that can be used."""


@dataclass(frozen=True)
class SaeFolder:
    """What a SAELens folder holds."""

    coder: TopK
    hook_point: str
    """As the file gives it: a transformers module path where known, else a TransformerLens name."""
    model_name: str
    metadata: dict[str, Any] = field(default_factory=dict)
    encoding: dict[str, Any] = field(default_factory=dict)
    """The part of the configuration that changes the codes."""


def write_saelens(folder: Path, coder: TopK, *, metadata: dict[str, Any]) -> None:
    """Write both files. `metadata` should hold model_name, hook_name and hf_hook_name."""
    tensors = {name: getattr(coder, name).contiguous().float().cpu() for name in ("W_enc", "b_enc", "W_dec", "b_dec")}
    write_atomically(folder / WEIGHTS_FILE, lambda aside: save_file(tensors, aside))
    config = {
        "architecture": coder.architecture,
        "d_in": coder.input_width,
        "d_sae": coder.width,
        "k": coder.k,
        "rescale_acts_by_decoder_norm": coder.rescale_by_decoder_norm,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": coder.subtract_b_dec,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {**metadata, "sae_lens_version": LAYOUT_VERSION},
    }
    write_json(folder / CONFIG_FILE, config, indent=1)


def read_saelens(folder: Path, *, device: str = "cpu") -> SaeFolder:
    """Load and check. Raises BadSae with the reason; nothing is guessed."""
    config = _config(folder)
    tensors = _tensors(folder)
    _check_shapes(tensors, int(config["d_in"]), int(config["d_sae"]))
    _check_numbers(tensors)
    metadata = config["metadata"]
    hook_point = metadata.get("hf_hook_name") or metadata.get("hook_name")
    if not hook_point:
        raise BadSae("cfg.json names no hook point; add metadata.hook_name or metadata.hf_hook_name.")
    on_device = {name: tensor.float().to(device) for name, tensor in tensors.items()}
    encoding: dict[str, Any] = {
        "k": int(config["k"]),
        "subtract_b_dec": bool(config.get("apply_b_dec_to_input", True)),
        "rescale_by_decoder_norm": bool(config.get("rescale_acts_by_decoder_norm", False)),
    }
    return SaeFolder(
        coder=TopK(**{**on_device, **encoding}),
        hook_point=str(hook_point),
        model_name=str(metadata.get("model_name") or ""),
        metadata=metadata,
        encoding={"architecture": "topk", **encoding},
    )


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadSae(
            f"{folder} holds no SAE in a known format ({CONFIG_FILE} is missing); give a SAELens v6 folder."
        ) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadSae(f"{folder / CONFIG_FILE} is not JSON ({error}); fetch the SAE again.") from error
    if not isinstance(config, dict) or not isinstance(config.get("metadata"), dict):
        raise BadSae(
            "cfg.json is not in the SAELens v6 layout (it has no metadata); convert it with SAELens 6 or later."
        )
    version = str(config["metadata"].get("sae_lens_version") or "")
    major = version.split(".")[0]
    if not major.isdigit() or int(major) < 6:
        raise BadSae(
            f"cfg.json was written by SAELens {version or 'of unknown version'}; only version 6 and later is read."
        )
    _check_config(config)
    return config


def _check_config(config: dict[str, Any]) -> None:
    architecture = config.get("architecture")
    if architecture != "topk":
        raise BadSae(f"The SAE architecture {architecture!r} is not supported; topk is.")
    for key in ("d_in", "d_sae", "k"):
        value = config.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise BadSae(f"cfg.json gives {key} as {value!r}; it must be a whole number above 0.")
    if config["k"] > config["d_sae"]:
        raise BadSae(f"cfg.json asks for k = {config['k']} of only {config['d_sae']} latents.")
    for key in ("normalize_activations", "reshape_activations"):
        if config.get(key, "none") != "none":
            raise BadSae(
                f"cfg.json sets {key} to {config[key]!r}, which would change the activations; only 'none' is read."
            )


def _tensors(folder: Path) -> dict[str, Tensor]:
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        raise BadSae(f"{folder} has no {WEIGHTS_FILE}; fetch the SAE again.")
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise BadSae(f"{path} is damaged ({error}); fetch the SAE again.") from error
    names = {"W_enc", "b_enc", "W_dec", "b_dec"}
    missing, extra = sorted(names - tensors.keys()), sorted(tensors.keys() - names)
    if missing or extra:
        raise BadSae(
            f"{WEIGHTS_FILE} lacks {missing or 'nothing'} and has {extra or 'nothing'} besides; is it a topk SAE?"
        )
    return tensors


def _check_shapes(tensors: dict[str, Tensor], d_in: int, d_sae: int) -> None:
    expected = {"W_enc": [d_in, d_sae], "b_enc": [d_sae], "W_dec": [d_sae, d_in], "b_dec": [d_in]}
    for name, shape in expected.items():
        found = list(tensors[name].shape)
        if found != shape:
            raise BadSae(f"{name} has shape {found} and cfg.json says {shape}; the two files do not belong together.")


def _check_numbers(tensors: dict[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        bad = int((~torch.isfinite(tensor)).sum())
        if bad:
            raise BadSae(
                f"{name} holds {bad} values of {math.prod(tensor.shape)} that are not finite; the SAE is damaged."
            )
