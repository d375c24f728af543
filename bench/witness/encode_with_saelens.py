"""Run by the interpreter that has sae-lens: encode and reconstruct with it, and save what it gives.

    python encode_with_saelens.py FOLDER

FOLDER/x.safetensors holds `x` [token, width]; every FOLDER/read/NAME is an SAE to load. FOLDER/write/NAME.safetensors
holds weights for a training SAE of architecture NAME: its raw checkpoint and the inference SAE that sae-lens makes of
it are saved by sae-lens itself. Codes and outputs go to FOLDER/found/NAME.safetensors and raw-NAME.safetensors.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from sae_lens import SAE
from sae_lens.registry import get_sae_training_class
from safetensors.torch import load_file, save_file

SETTINGS: dict[str, dict[str, Any]] = {
    "batchtopk": {"k": 32.0},
    "matryoshka_batchtopk": {"k": 32.0, "matryoshka_widths": [256, 1024, 2048]},
}


def main(folder: Path) -> None:
    x = load_file(folder / "x.safetensors")["x"]
    for path in sorted((folder / "read").iterdir()):
        found(folder, path.name, SAE.load_from_disk(path), x)
    for path in sorted((folder / "write").glob("*.safetensors")):
        checkpoint = folder / "checkpoints" / path.stem
        training = training_sae(path.stem, load_file(path))
        training.save_model(checkpoint)
        training.save_inference_model(checkpoint / "inference")
        found(folder, f"raw-{path.stem}", SAE.load_from_disk(checkpoint / "inference"), x)


def training_sae(architecture: str, state: dict[str, torch.Tensor]) -> Any:
    """A training SAE of that architecture with these weights."""
    kind, configuration = get_sae_training_class(architecture)
    width, latents = state["W_enc"].shape
    sae = kind(configuration(d_in=width, d_sae=latents, **SETTINGS[architecture]))
    sae.cfg.metadata.hook_name = "blocks.15.hook_resid_post"
    sae.load_state_dict(state)
    return sae


@torch.no_grad()
def found(folder: Path, name: str, sae: Any, x: torch.Tensor) -> None:
    result = {"codes": sae.encode(x), "output": sae(x)}
    save_file({key: tensor.contiguous() for key, tensor in result.items()}, folder / "found" / f"{name}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
