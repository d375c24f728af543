"""JumpReLU sparse autoencoder (Rajamanoharan et al. 2024, arXiv 2407.14435).

    f(x) = h * 1[h > threshold] * 1[h > 0],   h = (x - b_dec) W_enc + b_enc
    x^   = f(x) W_dec + b_dec

Each latent has a threshold of its own, and the comparison is strict. Gemma Scope does not subtract b_dec.
"""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Codes
from saeserve.coders.linear import Linear, above


@dataclass(frozen=True, kw_only=True)
class JumpReLU(Linear):
    """A latent fires where its pre-activation is above its threshold."""

    b_enc: Float[Tensor, " latent"]
    threshold: Float[Tensor, " latent"]

    architecture: ClassVar[str] = "jumprelu"
    latent_names: ClassVar[tuple[str, ...]] = ("W_enc", "b_enc", "W_dec", "threshold")

    def fire(self, prepared: Float[Tensor, "token input_width"]) -> Codes:
        return above(self._before(prepared, self.b_enc), self.threshold)
