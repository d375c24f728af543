"""Names of places in a network: a transformers module path with the side that is meant, or TransformerLens' name.

`model.layers.15` is the output of that module, `model.layers.3.self_attn.o_proj:input` what goes into one, and
`model.layers.3.post_attention_layernorm:normalized` the value inside a norm, before its weight.
"""

import difflib
import re
from dataclasses import dataclass
from typing import Any

from saeserve.block_parts import INPUT, NORMALIZED, OUTPUT, Blocks, blocks_of
from saeserve.norms import is_norm
from saeserve.refusal import Refusal

EMBEDDING = "hook_embed"
"""TransformerLens' name for the token embedding; Gemma's comes scaled, there and here."""
NEAREST = 3
PATH_IN_BLOCK = re.compile(
    r"((language_model\.)?(base_)?(model|transformer|gpt_neox|bert|roberta)\.)?(language_model\.)?(encoder\.)?"
    r"(?P<blocks>layers|layer|h)\.(?P<rest>\d+(\..+)?)"
)
"""A path into a block, with any of the usual wrappers round the list of blocks."""


class NoSuchHookPoint(Refusal):
    """The model has no such place, or a forward pass never comes there."""


@dataclass(frozen=True)
class HookPoint:
    """One place in a network."""

    path: str
    """transformers' module path."""
    side: str = OUTPUT
    """output | input | normalized: the module's output, its input, or its input divided by its RMS or standard
    deviation, before the weight."""

    def __str__(self) -> str:
        return self.path if self.side == OUTPUT else f"{self.path}:{self.side}"


def resolve(network: Any, name: str) -> HookPoint:
    """The place that `name` means, in either notation. Raises NoSuchHookPoint, naming the nearest possibilities."""
    path, _, side = name.partition(":")
    modules = dict(network.named_modules())
    if path and path in modules:
        return _module(modules[path], HookPoint(path, side or OUTPUT))
    blocks = blocks_of(network)
    point = _lens_points(blocks).get(name)
    if point is not None:
        return point
    path = _block_path(blocks, path)
    if path and path in modules:
        return _module(modules[path], HookPoint(path, side or OUTPUT))
    _refuse_missing(blocks, name)
    known = [*_lens_points(blocks), *filter(None, modules)]
    near = difflib.get_close_matches(name, known, NEAREST, 0.6) or [f"{blocks.path}.{blocks.count // 2}"]
    raise NoSuchHookPoint(
        f"The model has no hook point {name!r}; it has {blocks.count} blocks, 0 to {blocks.count - 1}, and nearest to "
        f"that name are {', '.join(near)}."
    )


def transformer_lens_name(network: Any, point: HookPoint) -> str | None:
    """TransformerLens' name of the place; None where it has none."""
    for name, known in _lens_points(blocks_of(network)).items():
        if known == point:
            return name
    return None


def _block_path(blocks: Blocks, path: str) -> str:
    """The path of a block or its part as this network has it.

    Other versions and models wrap the same blocks differently, and sparsify writes paths from the inner model on, such
    as `layers.10.mlp`.
    """
    inside = PATH_IN_BLOCK.fullmatch(path)
    if inside and inside["blocks"] == blocks.path.rpartition(".")[2]:
        return f"{blocks.path}.{inside['rest']}"
    return path


def _module(module: Any, point: HookPoint) -> HookPoint:
    if point.side not in (OUTPUT, INPUT, NORMALIZED):
        raise NoSuchHookPoint(
            f"{point.side!r} is no side of a module; write {point.path} for its output, {point.path}:{INPUT} for its "
            f"input, or, after a norm, :{NORMALIZED}."
        )
    if point.side == NORMALIZED and not is_norm(module):
        raise NoSuchHookPoint(f"{point.path} is no norm, so it has no normalized value; name its output or its input.")
    return point


def _lens_points(blocks: Blocks) -> dict[str, HookPoint]:
    """Every TransformerLens name that the network has."""
    points = {EMBEDDING: HookPoint(blocks.embedding)}
    for number in range(blocks.count):
        for name, (part, side) in blocks.parts.items():
            path = f"{blocks.path}.{number}.{part}" if part else f"{blocks.path}.{number}"
            points[f"blocks.{number}.{name}"] = HookPoint(path, side)
    return points


def _refuse_missing(blocks: Blocks, name: str) -> None:
    for missing, reason in blocks.missing.items():
        if name.endswith(f".{missing}"):
            raise NoSuchHookPoint(f"The model has no hook point {name!r}: {reason}.")
