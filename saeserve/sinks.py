"""Tokens that only hold attention: their activations are huge and mean nothing, so they are left out by norm."""

from dataclasses import dataclass

import torch
from torch import Tensor

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

    def keep(self, activations: Tensor) -> Tensor:
        """[...] true where the activation [..., width] is no sink."""
        return torch.linalg.vector_norm(activations.float(), dim=-1) <= self.limit


def sinks_of(probe: Tensor, *, multiple: float) -> Sinks:
    """The border at `multiple` times the median norm of the activations [token, width] of a probe batch."""
    if not multiple > 1:
        raise BadMultiple(
            f"Tokens above {multiple:g} times the median norm cannot be left out as attention sinks: that is half of "
            "them or more; give a multiple above 1."
        )
    return Sinks(limit=multiple * float(torch.linalg.vector_norm(probe.float(), dim=-1).median()))
