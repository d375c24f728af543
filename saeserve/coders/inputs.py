"""What is done to raw activations before an SAE sees them, and undone on what it writes.

    centre                  x - mean(x), for SAEs trained on a model whose writing weights were centred
    layer_norm              (x - mean(x)) / (std(x) + 1e-5), std with n - 1, the 1e-5 outside of the root
    constant_norm_rescale   x * sqrt(width) / |x|

Each is over one token. SAELens and OpenAI's sparse_autoencoder define layer_norm alike. A scale that is the same for
every token is folded into the weights on reading (`fold_scale`) and needs nothing here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

NONE, LAYER_NORM, CONSTANT_NORM = "none", "layer_norm", "constant_norm_rescale"
NORMALIZATIONS = (NONE, LAYER_NORM, CONSTANT_NORM)
EPSILON = 1e-5


@dataclass(frozen=True)
class Inputs:
    """How activations are prepared; the statistics are those of each raw token."""

    normalization: str = NONE
    centre: bool = False

    def prepare(self, raw: Float[Tensor, "token width"]) -> Float[Tensor, "token width"]:
        """What the encoder multiplies, before b_dec is subtracted."""
        shift, scale = self._statistics(raw)
        return raw if shift is None and scale is None else (raw - _or(shift, 0.0)) / _or(scale, 1.0)

    def undo(
        self, written: Float[Tensor, "token width"], raw: Float[Tensor, "token width"]
    ) -> Float[Tensor, "token width"]:
        """What the decoder wrote, in the units of the raw activations."""
        shift, scale = self._statistics(raw)
        return written if shift is None and scale is None else written * _or(scale, 1.0) + _or(shift, 0.0)

    def configuration(self) -> Mapping[str, Any]:
        return {"normalization": self.normalization, "centre": self.centre}

    def _statistics(self, raw: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """(shift, scale) of each token, [token, 1]; None where there is none."""
        if not len(raw):
            return None, None
        shift = raw.mean(dim=1, keepdim=True) if self.centre or self.normalization == LAYER_NORM else None
        if self.normalization == LAYER_NORM:
            return shift, raw.std(dim=1, keepdim=True) + EPSILON
        if self.normalization == CONSTANT_NORM:
            norm = (raw if shift is None else raw - shift).norm(dim=1, keepdim=True)
            # A token of zeros has no direction to rescale.
            return shift, torch.where(norm > 0, norm, 1.0) / raw.shape[1] ** 0.5
        return shift, None


AS_THEY_ARE = Inputs()


def fold_scale(tensors: Mapping[str, Tensor], scale: float, *, writes_input: bool) -> dict[str, Tensor]:
    """Weights for raw activations of an SAE that was trained on activations times `scale`.

    W_enc * scale; and, where it writes to the space that it reads, W_dec / scale and b_dec / scale.
    """
    folded = dict(tensors)
    folded["W_enc"] = folded["W_enc"] * scale
    if writes_input:
        folded["W_dec"] = folded["W_dec"] / scale
        folded["b_dec"] = folded["b_dec"] / scale
    return folded


def _or(value: Tensor | None, default: float) -> Tensor | float:
    return default if value is None else value
