"""Transcoder (Dunefsky et al. 2024, arXiv 2406.11944): reads one place of the model and writes another.

    f(x) = the codes of x by an encoder of any architecture that does not subtract b_dec
    y^   = f(x) W_dec + b_dec

What is done to the input beforehand is not undone on the output, which is in another space.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch
from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Coder, Codes
from saeserve.coders.linear import Linear


@dataclass(frozen=True)
class Transcoder(Coder):
    """An encoder of one architecture, and a decoder into another space."""

    inner: Linear

    architecture: ClassVar[str] = "transcoder"

    @property
    def input_width(self) -> int:
        return self.inner.input_width

    @property
    def width(self) -> int:
        return self.inner.width

    @property
    def unit(self) -> str:
        return self.inner.unit

    @property
    def decoder(self) -> Float[Tensor, "latent output_width"]:
        return self.inner.decoder

    def encode(self, activations: Float[Tensor, "token input_width"]) -> Codes:
        return self.inner.encode(activations)

    def decode(
        self, codes: Codes, activations: Float[Tensor, "token input_width"]
    ) -> Float[Tensor, "token output_width"]:
        """What it predicts at its output hook point."""
        return self.inner.written(codes)

    def latent_tensors(self) -> Mapping[str, Tensor]:
        return self.inner.latent_tensors()

    def shared_tensors(self) -> Mapping[str, Tensor]:
        return self.inner.shared_tensors()

    def configuration(self) -> Mapping[str, Any]:
        return {"architecture": self.architecture, "inner": self.inner.configuration()}

    def to(self, device: str | torch.device) -> Self:
        return type(self)(self.inner.to(device))
