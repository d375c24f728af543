"""Gemma Scope 2 (for Gemma 3): `config.json` and `params.safetensors`, JumpReLU, b_dec not subtracted.

The configuration names the hook points of transformers' modules, with `.output` or `.input`. Transcoders may have an
affine skip connection, stored [input, output].
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from saeserve.coders.base import Coder
from saeserve.coders.jumprelu import JumpReLU
from saeserve.coders.skip_transcoder import SkipTranscoder
from saeserve.coders.transcoder import Transcoder
from saeserve.formats.checked import (
    check_matrices,
    check_names,
    check_shapes,
    exact,
    named,
    read_config,
    read_safetensors,
)
from saeserve.formats.folder import BadSae, SaeFolder
from saeserve.formats.options import declared_l0, hook_points

NAME = "Gemma Scope 2"
CONFIG_FILE = "config.json"
WEIGHTS_FILE = "params.safetensors"
SKIP = "affine_skip_connection"
RENAMED = {"w_enc": "W_enc", "w_dec": "W_dec", SKIP: "W_skip"}


def recognises(path: Path) -> bool:
    return (path / WEIGHTS_FILE).is_file()


def read(folder: Path, options: Mapping[str, Any], device: str) -> SaeFolder:
    config = read_config(folder / CONFIG_FILE)
    if config.get("architecture") != "jump_relu":
        raise BadSae(f"config.json names the architecture {config.get('architecture')!r}; jump_relu is supported.")
    point, output_point = hook_points(
        options, _module(config.get("hf_hook_point_in")), _module(config.get("hf_hook_point_out"))
    )
    tensors = {RENAMED.get(name, name): tensor for name, tensor in read_safetensors(folder / WEIGHTS_FILE).items()}
    check_names(tensors, ("W_enc", "W_dec", "b_enc", "b_dec", "threshold"), optional=("W_skip",))
    return SaeFolder(
        coder=_coder(exact(tensors, device), transcodes=point != output_point),
        hook_point=point,
        output_hook_point=output_point,
        model_name=str(config.get("model_name") or ""),
        format=NAME,
        metadata=config,
        declared=declared_l0(options, config.get("l0")),
    )


def _module(name: object) -> str:
    """`model.layers.9.output` as this program writes it."""
    text = str(name or "")
    return f"{text.removesuffix('.input')}:input" if text.endswith(".input") else text.removesuffix(".output")


def _coder(tensors: dict[str, Tensor], *, transcodes: bool) -> Coder:
    if tensors["W_dec"].dim() == 3:
        raise BadSae("The decoder writes to several layers: a cross-layer transcoder is not supported.")
    check_matrices(tensors, ("W_enc", "W_dec"))
    (reads, width), writes = tensors["W_enc"].shape, tensors["W_dec"].shape[1]
    expected = {"W_dec": [width, writes], "b_enc": [width], "b_dec": [writes], "threshold": [width]}
    check_shapes(tensors, expected if transcodes else {**expected, "W_dec": [width, reads]})
    skip = tensors.pop("W_skip", None)
    inner = JumpReLU(**named(tensors), subtract_b_dec=False)
    if skip is None:
        return Transcoder(inner) if transcodes else inner
    check_shapes({SKIP: skip}, {SKIP: [reads, writes]})
    return SkipTranscoder(inner, skip.T.contiguous())
