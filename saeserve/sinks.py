"""Tokens that only hold attention: their activations are huge and mean nothing, so they are left out by norm."""

from dataclasses import dataclass

import torch
from torch import Tensor

SINK_MULTIPLE = 6.0
"""Times the median norm. In SmolLM2-135M after block 15 the median is 172; sinks lie above 1,000, most at 22,400."""


@dataclass(frozen=True)
class Sinks:
    """Where the border between tokens and sinks lies."""

    limit: float
    """Largest norm that is kept."""

    def keep(self, activations: Tensor) -> Tensor:
        """[token] true where the activation [token, width] is no sink."""
        return torch.linalg.vector_norm(activations.float(), dim=-1) <= self.limit


def sinks_of(probe: Tensor) -> Sinks:
    """The border, from the activations [token, width] of a probe batch."""
    return Sinks(limit=SINK_MULTIPLE * float(torch.linalg.vector_norm(probe.float(), dim=-1).median()))
