"""Skip transcoder (Paulo et al. 2025, arXiv 2501.18823): a transcoder beside a linear map.

    f(x) = the codes of x, as those of a transcoder
    y^   = f(x) W_dec + b_dec + x W_skip^T

The skip connection takes the raw input, whatever is done to it before encoding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Codes
from saeserve.coders.transcoder import Transcoder


@dataclass(frozen=True)
class SkipTranscoder(Transcoder):
    """A transcoder whose latents explain only what a linear map of the input leaves."""

    W_skip: Float[Tensor, "output_width input_width"]

    architecture: ClassVar[str] = "skip_transcoder"

    def decode(
        self, codes: Codes, activations: Float[Tensor, "token input_width"]
    ) -> Float[Tensor, "token output_width"]:
        return self.inner.written(codes) + activations.float() @ self.W_skip.T

    def shared_tensors(self) -> Mapping[str, Tensor]:
        return {**self.inner.shared_tensors(), "W_skip": self.W_skip}

    def to(self, device: str | torch.device) -> Self:
        return type(self)(self.inner.to(device), self.W_skip.to(device))
