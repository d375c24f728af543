"""The SAELens v6 layout: `cfg.json` with `metadata`, and `sae_weights.safetensors`, in one folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saeserve.coders.inputs import NORMALIZATIONS, Inputs
from saeserve.coders.topk import TopK
from saeserve.formats.checked import check_k, check_names, check_shapes, exact, read_config, read_safetensors, whole
from saeserve.formats.folder import BadSae, SaeFolder, hook_points
from saeserve.formats.write_saelens import CONFIG_FILE, WEIGHTS_FILE, write_saelens

__all__ = ["CONFIG_FILE", "NAME", "WEIGHTS_FILE", "BadSae", "SaeFolder", "read", "recognises", "write_saelens"]

NAME = "SAELens"


def recognises(path: Path) -> bool:
    return (path / CONFIG_FILE).is_file() and (path / WEIGHTS_FILE).is_file()


def read(folder: Path, options: Mapping[str, Any], device: str) -> SaeFolder:
    config = read_config(folder / CONFIG_FILE)
    metadata = config.get("metadata")
    if not isinstance(metadata, dict):
        raise BadSae("cfg.json is not in the SAELens v6 layout (it has no metadata).")
    if config.get("architecture") != "topk":
        raise BadSae(f"The SAE architecture {config.get('architecture')!r} is not supported; topk is.")
    if config.get("normalize_activations", "none") not in NORMALIZATIONS:
        raise BadSae(f"cfg.json sets normalize_activations to {config['normalize_activations']!r}.")
    tensors = read_safetensors(folder / WEIGHTS_FILE)
    wide, width = whole(config, "d_in"), whole(config, "d_sae")
    expected = {"W_enc": [wide, width], "b_enc": [width], "W_dec": [width, wide], "b_dec": [wide]}
    check_names(tensors, expected)
    check_shapes(tensors, expected)
    point, output_point = hook_points(options, metadata.get("hf_hook_name") or metadata.get("hook_name"))
    coder = TopK(
        **exact(tensors, device),
        k=check_k(whole(config, "k"), width),
        subtract_b_dec=bool(config.get("apply_b_dec_to_input", True)),
        rescale_by_decoder_norm=bool(config.get("rescale_acts_by_decoder_norm", False)),
        inputs=Inputs(config.get("normalize_activations", "none")),
    )
    return SaeFolder(
        coder=coder,
        hook_point=point,
        output_hook_point=output_point,
        model_name=str(metadata.get("model_name") or ""),
        format=NAME,
        metadata=json.loads(json.dumps(metadata)),
    )
