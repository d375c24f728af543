"""BatchTopK sparse autoencoder at inference (Bussmann et al. 2024, arXiv 2412.06410).

    f(x) = h * 1[h > threshold],   h = (x - b_dec) W_enc + b_enc
    x^   = f(x) W_dec + b_dec

In training the k strongest latents a token on average over the batch fire. Here one threshold, learnt in training,
takes their place, so that the codes of a token do not depend on its batch.
"""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Codes
from saeserve.coders.linear import Linear, above


@dataclass(frozen=True, kw_only=True)
class BatchTopK(Linear):
    """A latent fires where its pre-activation is above the threshold that all share."""

    b_enc: Float[Tensor, " latent"]
    threshold: float
    """Above 0; in the unit of the activations."""

    architecture: ClassVar[str] = "batchtopk"

    def fire(self, prepared: Float[Tensor, "token input_width"]) -> Codes:
        return above(self._before(prepared, self.b_enc), self.threshold)
