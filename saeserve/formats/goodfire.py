"""Goodfire's open SAEs: one `.pt` or `.pth` file, ReLU, b_dec not subtracted. The published names say the place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from saeserve.coders.relu import ReLU
from saeserve.formats.checked import check_matrices, check_names, check_shapes, exact, read_pickle
from saeserve.formats.folder import BadSae, SaeFolder
from saeserve.formats.options import hook_points

NAME = "Goodfire"
PLACES = {
    "Llama-3.1-8B-Instruct-SAE-l19": ("meta-llama/Llama-3.1-8B-Instruct", "blocks.19.hook_resid_post"),
    "Llama-3.3-70B-Instruct-SAE-l50": ("meta-llama/Llama-3.3-70B-Instruct", "blocks.50.hook_resid_post"),
}
STORED = ("encoder_linear.weight", "encoder_linear.bias", "decoder_linear.weight", "decoder_linear.bias")


def recognises(path: Path) -> bool:
    if path.suffix not in (".pt", ".pth") or not path.is_file():
        return False
    try:
        return "encoder_linear.weight" in read_pickle(path)
    except BadSae:
        return path.suffix == ".pth"


def read(file: Path, options: Mapping[str, Any], device: str) -> SaeFolder:
    held = read_pickle(file)
    check_names(held, STORED)
    check_matrices(held, ("encoder_linear.weight", "decoder_linear.weight"))
    if not all(isinstance(value, Tensor) for value in held.values()):
        raise BadSae(f"{file} holds something other than the tensors of an SAE; fetch the SAE again.")
    width, wide = held["encoder_linear.weight"].shape
    check_shapes(held, dict(zip(STORED, ([width, wide], [width], [wide, width], [wide]), strict=True)))
    tensors = exact(held, device)
    model, place = PLACES.get(file.stem, ("", ""))
    point, output_point = hook_points(options, place)
    return SaeFolder(
        coder=ReLU(
            W_enc=tensors["encoder_linear.weight"].T.contiguous(),
            b_enc=tensors["encoder_linear.bias"],
            W_dec=tensors["decoder_linear.weight"].T.contiguous(),
            b_dec=tensors["decoder_linear.bias"],
            subtract_b_dec=False,
        ),
        hook_point=point,
        output_hook_point=output_point,
        model_name=model,
        format=NAME,
    )
