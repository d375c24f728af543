"""Gemma Scope 1 (Lieberum et al. 2024, arXiv 2408.05147): `params.npz` alone, JumpReLU, b_dec not subtracted.

There is no configuration. Model, site, layer and declared L0 are in the path, as published:
`gemma-scope-{size}-{pt|it}-{res|att|mlp|transcoders}/layer_{L}/width_{w}/average_l0_{n}/params.npz`.
Where the path does not say, the options must.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from saeserve.coders.base import Coder
from saeserve.coders.inputs import fold_scale
from saeserve.coders.jumprelu import JumpReLU
from saeserve.coders.transcoder import Transcoder
from saeserve.formats.checked import check_matrices, check_names, check_shapes, exact, named, read_npz
from saeserve.formats.folder import SaeFolder
from saeserve.formats.options import declared_l0, hook_points

NAME = "Gemma Scope"
FILE = "params.npz"
RELEASE = re.compile(r"gemma-scope-(?P<size>\d+b)-(?P<kind>pt|it)-(?P<site>res|att|mlp|transcoders)")
LAYER = re.compile(r"layer_(\d+)")
L0 = re.compile(r"average_l0_(\d+)")
HOOKS = {"res": "hook_resid_post", "att": "attn.hook_z", "mlp": "hook_mlp_out", "transcoders": "ln2.hook_normalized"}
EMBEDDING_HOOK = "hook_embed"


class Place(NamedTuple):
    """What a path says; empty where it does not."""

    model: str
    hook_point: str
    output_hook_point: str
    embedding: bool
    l0: str | None


def recognises(path: Path) -> bool:
    return _file(path).is_file()


def read(path: Path, options: Mapping[str, Any], device: str) -> SaeFolder:
    place = _place(_file(path).absolute())
    point, output_point = hook_points(options, place.hook_point, place.output_hook_point)
    tensors = {_upper(name): tensor for name, tensor in read_npz(_file(path)).items()}
    check_names(tensors, ("W_enc", "W_dec", "b_enc", "b_dec", "threshold"))
    return SaeFolder(
        coder=_coder(exact(tensors, device), embedding=place.embedding, transcodes=point != output_point),
        hook_point=point,
        output_hook_point=output_point,
        model_name=place.model,
        format=NAME,
        metadata={"model_name": place.model},
        declared=declared_l0(options, place.l0),
    )


def _file(path: Path) -> Path:
    return path / FILE if path.is_dir() else path if path.name == FILE else path / FILE


def _place(file: Path) -> Place:
    text = file.as_posix()
    release, layer, l0 = RELEASE.search(text), LAYER.search(text), L0.search(text)
    declared = l0.group(1) if l0 else None
    if release is None:
        return Place("", "", "", False, declared)
    model = f"google/gemma-2-{release['size']}{'-it' if release['kind'] == 'it' else ''}"
    if "/embedding/" in text:
        return Place(model, EMBEDDING_HOOK, "", True, declared)
    if layer is None:
        return Place(model, "", "", False, declared)
    block = f"blocks.{layer.group(1)}"
    output = f"{block}.hook_mlp_out" if release["site"] == "transcoders" else ""
    return Place(model, f"{block}.{HOOKS[release['site']]}", output, False, declared)


def _upper(name: str) -> str:
    """Some files have `w_enc` for `W_enc`."""
    return f"W_{name[2:]}" if name.startswith("w_") else name


def _coder(tensors: dict[str, Tensor], *, embedding: bool, transcodes: bool) -> Coder:
    check_matrices(tensors, ("W_enc", "W_dec"))
    (reads, width), writes = tensors["W_enc"].shape, tensors["W_dec"].shape[1]
    if not transcodes:
        check_shapes(tensors, {"W_dec": [width, reads]})
    check_shapes(tensors, {"W_dec": [width, writes], "b_enc": [width], "b_dec": [writes], "threshold": [width]})
    if embedding:
        # Trained on embeddings before Gemma multiplies them by sqrt(width); the hook point comes after.
        tensors = fold_scale(tensors, float(reads) ** -0.5, writes_input=True)
    inner = JumpReLU(**named(tensors), subtract_b_dec=False)
    return Transcoder(inner) if transcodes else inner
