"""GroupMax sparse autoencoder, an architecture of EleutherAI's sparsify.

    f(x) = ReLU(h) where h is the largest of its group, else 0,   h = (x - b_dec) W_enc + b_enc
    x^   = f(x) W_dec + b_dec

The latents are cut into k groups of equal size, in their order; one of each group may fire.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Codes
from saeserve.coders.linear import Linear


@dataclass(frozen=True, kw_only=True)
class GroupMax(Linear):
    """At most one latent of each of the k groups fires on a token; k divides the number of latents."""

    b_enc: Float[Tensor, " latent"]
    k: int

    architecture: ClassVar[str] = "groupmax"

    def fire(self, prepared: Float[Tensor, "token input_width"]) -> Codes:
        grouped = self._before(prepared, self.b_enc).reshape(len(prepared), self.k, self.width // self.k)
        values, places = grouped.max(dim=2)
        tokens, groups = torch.nonzero(values > 0, as_tuple=True)
        latents = groups * (self.width // self.k) + places[tokens, groups]
        return Codes(tokens, latents, values[tokens, groups], len(prepared))
