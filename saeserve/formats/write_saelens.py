"""Write the SAELens v6 layout, so that SAELens and this program read the same SAE from it."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from saeserve.artifacts import write_atomically, write_json
from saeserve.coders.base import Coder
from saeserve.coders.topk import TopK
from saeserve.formats.folder import BadSae

CONFIG_FILE = "cfg.json"
WEIGHTS_FILE = "sae_weights.safetensors"
LAYOUT_VERSION = "6.18.0"
"""Version of SAELens whose layout is written. Without it a reader takes the file for a pre-6 one."""
MATRICES = ("W_enc", "W_dec")
"""Large enough for a narrower dtype to matter."""


def write_saelens(
    folder: Path, coder: Coder, *, metadata: dict[str, Any], matrices: torch.dtype = torch.float32
) -> None:
    """Write both files. `metadata` should hold model_name, hook_name and hf_hook_name.

    matrices: dtype in which W_enc and W_dec are stored; all else is float32. Raises BadSae where it cannot hold them.
    """
    config, tensors = _layout(coder)
    stored = {name: _stored(name, tensor, matrices) for name, tensor in tensors.items()}
    write_atomically(folder / WEIGHTS_FILE, lambda aside: save_file(stored, aside))
    write_json(
        folder / CONFIG_FILE,
        {
            **config,
            "d_in": coder.input_width,
            "d_sae": coder.width,
            "dtype": "float32",
            "device": "cpu",
            "reshape_activations": "none",
            "metadata": {**metadata, "sae_lens_version": LAYOUT_VERSION},
        },
        indent=1,
    )


def _layout(coder: Coder) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """(configuration, tensors) of the architecture."""
    if not isinstance(coder, TopK):
        raise BadSae(f"The architecture {coder.architecture} cannot be written in SAELens' layout.")
    config = {
        "architecture": "topk",
        "k": coder.k,
        "rescale_acts_by_decoder_norm": coder.rescale_by_decoder_norm,
        "apply_b_dec_to_input": coder.subtract_b_dec,
        "normalize_activations": coder.inputs.normalization,
    }
    return config, {"W_enc": coder.W_enc, "b_enc": coder.b_enc, "W_dec": coder.W_dec, "b_dec": coder.b_dec}


def _stored(name: str, tensor: Tensor, matrices: torch.dtype) -> Tensor:
    narrow = tensor.detach().cpu().to(matrices if name in MATRICES else torch.float32).contiguous()
    if not torch.isfinite(narrow).all():
        raise BadSae(f"{name} does not fit into {narrow.dtype}; store it in float32.")
    return narrow
