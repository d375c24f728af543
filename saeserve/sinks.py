"""Tokens that only hold attention: their activations are huge and mean nothing, so they are left out by norm.

Behind a norm every token has the same length, sinks too; there the norm's input tells them.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from saeserve.block_parts import INPUT, blocks_of
from saeserve.hook_points import HookPoint
from saeserve.norms import is_norm
from saeserve.refusal import Refusal

SINK_MULTIPLE = 6.0
"""Times the median norm. In SmolLM2-135M after block 15 the median is 172; sinks lie above 1,000, most at 22,400."""


class BadMultiple(Refusal):
    """The border would leave out half of the tokens or more."""


@dataclass(frozen=True)
class Sinks:
    """Where the border between tokens and sinks lies."""

    limit: float
    """Largest norm that is kept."""
    point: HookPoint
    """Where norms are taken."""

    def keep(self, activations: Tensor) -> Tensor:
        """[...] true where the activation [..., width] is no sink."""
        return torch.linalg.vector_norm(activations.float(), dim=-1) <= self.limit


def sink_point(network: Any, point: HookPoint) -> HookPoint:
    """Where sinks are told from other tokens for an SAE that reads at `point`: there, or in front of the norm that made
    what it reads."""
    if point.side != INPUT and is_norm(network.get_submodule(point.path)):
        return HookPoint(point.path, INPUT)
    block, _, part = point.path.rpartition(".")
    norm, _ = blocks_of(network).parts.get("mlp.hook_in", ("", ""))
    if point.side == INPUT and part == "mlp" and norm:
        return HookPoint(f"{block}.{norm}", INPUT)
    return point


def sinks_of(probe: Tensor, *, multiple: float, point: HookPoint) -> Sinks:
    """The border at `multiple` times the median norm of the activations [token, width] of a probe batch at `point`."""
    if not multiple > 1:
        raise BadMultiple(
            f"Tokens above {multiple:g} times the median norm cannot be left out as attention sinks: that is half of "
            "them or more; give a multiple above 1."
        )
    return Sinks(multiple * float(torch.linalg.vector_norm(probe.float(), dim=-1).median()), point)
