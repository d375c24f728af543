"""The SAELens v6 layout: `cfg.json` with `metadata`, and `sae_weights.safetensors`, in one folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saeserve.formats.checked import read_config, read_safetensors
from saeserve.formats.folder import BadSae, SaeFolder
from saeserve.formats.options import SCALE, hook_points
from saeserve.formats.saelens_coder import coder_of
from saeserve.formats.write_saelens import CONFIG_FILE, WEIGHTS_FILE, write_saelens

__all__ = ["CONFIG_FILE", "NAME", "WEIGHTS_FILE", "BadSae", "SaeFolder", "read", "recognises", "write_saelens"]

NAME = "SAELens"


def recognises(path: Path) -> bool:
    """A cfg.json with `metadata`, which earlier versions lack, or one that cannot be read."""
    if not (path / CONFIG_FILE).is_file() or (path / "sae.safetensors").is_file():
        return False
    try:
        return "metadata" in read_config(path / CONFIG_FILE)
    except BadSae:
        return True


def read(folder: Path, options: Mapping[str, Any], device: str) -> SaeFolder:
    config = read_config(folder / CONFIG_FILE)
    metadata = config.get("metadata")
    if not isinstance(metadata, dict):
        raise BadSae("cfg.json is not in the SAELens layout (its metadata is no object); convert the SAE again.")
    _check_version(metadata)
    return sae_folder(config, metadata, read_safetensors(folder / WEIGHTS_FILE), options, device, NAME)


def sae_folder(
    config: Mapping[str, Any],
    metadata: dict[str, Any],
    tensors: Mapping[str, Any],
    options: Mapping[str, Any],
    device: str,
    name: str,
) -> SaeFolder:
    """What a configuration in the terms of version 6 and its tensors mean."""
    point, output_point = hook_points(
        options,
        metadata.get("hf_hook_name") or metadata.get("hook_name"),
        metadata.get("hf_hook_name_out") or metadata.get("hook_name_out"),
    )
    coder = coder_of(config, metadata, tensors, options, device)
    folded = {SCALE: options[SCALE]} if config.get("normalize_activations") == "expected_average_only_in" else {}
    return SaeFolder(
        coder=coder,
        hook_point=point,
        output_hook_point=output_point,
        model_name=str(metadata.get("model_name") or ""),
        format=name,
        metadata={**metadata, **folded},
    )


def _check_version(metadata: Mapping[str, Any]) -> None:
    version = str(metadata.get("sae_lens_version") or "")
    major = version.split(".")[0]
    if not major.isdigit() or int(major) < 6:
        raise BadSae(
            f"cfg.json was written by SAELens {version or 'of unknown version'} in the layout of version 6; set "
            "metadata.sae_lens_version to the version that wrote it."
        )
