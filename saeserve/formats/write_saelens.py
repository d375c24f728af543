"""Write the SAELens v6 layout, so that SAELens and this program read the same SAE from it.

SAELens loads BatchTopK and Matryoshka SAEs only as JumpReLU ones with the norms of the decoder folded in, as its own
training saves them; so they are written. The folded activations are those that the coder gives.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from saeserve.artifacts import write_atomically, write_json
from saeserve.coders.base import Coder
from saeserve.coders.batchtopk import BatchTopK
from saeserve.coders.gated import Gated
from saeserve.coders.jumprelu import JumpReLU
from saeserve.coders.linear import Linear
from saeserve.coders.matryoshka import Matryoshka
from saeserve.coders.relu import ReLU
from saeserve.coders.skip_transcoder import SkipTranscoder
from saeserve.coders.topk import TopK
from saeserve.coders.transcoder import Transcoder
from saeserve.formats.folder import BadSae

CONFIG_FILE = "cfg.json"
WEIGHTS_FILE = "sae_weights.safetensors"
LAYOUT_VERSION = "6.18.0"
"""Version of SAELens whose layout is written. Without it a reader takes the file for a pre-6 one."""
MATRICES = ("W_enc", "W_dec", "W_skip")
"""Large enough for a narrower dtype to matter."""
ARCHITECTURES: dict[type[Linear], str] = {
    ReLU: "standard",
    TopK: "topk",
    JumpReLU: "jumprelu",
    BatchTopK: "jumprelu",
    Matryoshka: "jumprelu",
    Gated: "gated",
}
TRANSCODERS = {"standard": "transcoder", "jumprelu": "jumprelu_transcoder"}
SKIP_TRANSCODERS = {"standard": "skip_transcoder", "jumprelu": "jumprelu_skip_transcoder"}


def write_saelens(
    folder: Path, coder: Coder, *, metadata: dict[str, Any], matrices: torch.dtype = torch.float32
) -> None:
    """Write both files. `metadata` should hold model_name, hook_name and hf_hook_name, and for a transcoder
    hook_name_out and hf_hook_name_out.

    matrices: dtype in which W_enc, W_dec and W_skip are stored; all else is float32. Raises BadSae where the layout
    cannot hold the coder.
    """
    inner = coder.inner if isinstance(coder, Transcoder) else coder
    if not isinstance(inner, Linear) or type(inner) not in ARCHITECTURES:
        raise BadSae(f"The architecture {inner.architecture} has no place in SAELens' layout.")
    if inner.inputs.centre or (isinstance(inner, Gated) and inner.rescale_by_decoder_norm):
        raise BadSae("SAELens' layout has no place for centred inputs, nor for a gated SAE in decoder norms.")
    config = {
        **_configuration(coder, inner),
        "d_in": coder.input_width,
        "d_sae": coder.width,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": inner.subtract_b_dec,
        "normalize_activations": inner.inputs.normalization,
        "reshape_activations": "none",
        "metadata": {**_origin(inner), **metadata, "sae_lens_version": LAYOUT_VERSION},
    }
    stored = {name: _stored(name, tensor, matrices) for name, tensor in _tensors(coder, inner).items()}
    write_atomically(folder / WEIGHTS_FILE, lambda aside: save_file(stored, aside))
    write_json(folder / CONFIG_FILE, config, indent=1)


def _configuration(coder: Coder, inner: Linear) -> dict[str, Any]:
    """The architecture as SAELens names it, and what belongs to it alone."""
    name = ARCHITECTURES[type(inner)]
    if isinstance(coder, Transcoder):
        names = SKIP_TRANSCODERS if isinstance(coder, SkipTranscoder) else TRANSCODERS
        if name not in names:
            raise BadSae(f"A transcoder that is {inner.architecture} has no place in SAELens' layout.")
        return {"architecture": names[name], "d_out": coder.output_width}
    if isinstance(inner, TopK):
        return {"architecture": name, "k": inner.k, "rescale_acts_by_decoder_norm": inner.rescale_by_decoder_norm}
    return {"architecture": name}


def _tensors(coder: Coder, inner: Linear) -> dict[str, Tensor]:
    own = [name for name in (*inner.latent_names, *inner.shared_names) if name not in ("W_enc", "W_dec")]
    tensors = {name: getattr(inner, name) for name in own} | {"W_enc": inner.W_enc, "W_dec": inner.W_dec}
    if isinstance(inner, BatchTopK):
        tensors["threshold"] = torch.full_like(inner.b_enc, inner.threshold)
    if inner.rescale_by_decoder_norm and not isinstance(inner, TopK):
        tensors |= {"W_enc": inner.W_enc * inner.norms, "b_enc": tensors["b_enc"] * inner.norms, "W_dec": inner.decoder}
    return tensors | ({"W_skip": coder.W_skip} if isinstance(coder, SkipTranscoder) else {})


def _origin(inner: Linear) -> dict[str, Any]:
    """What the architecture under which it is written does not tell."""
    if isinstance(inner, Matryoshka):
        return {"trained_as": inner.architecture, "matryoshka_widths": list(inner.nested_sizes)}
    return {"trained_as": inner.architecture} if isinstance(inner, BatchTopK) else {}


def _stored(name: str, tensor: Tensor, matrices: torch.dtype) -> Tensor:
    narrow = tensor.detach().cpu().to(matrices if name in MATRICES else torch.float32).contiguous()
    if not torch.isfinite(narrow).all():
        raise BadSae(f"{name} does not fit into {narrow.dtype}; store it in float32.")
    return narrow
