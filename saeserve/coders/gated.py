"""Gated sparse autoencoder (Rajamanoharan et al. 2024, arXiv 2404.16014).

f(x) = 1[p + b_gate > 0] * ReLU(p * exp(r_mag) + b_mag),   p = (x - b_dec) W_enc
x^   = f(x) W_dec + b_dec
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Codes
from saeserve.coders.linear import Linear


@dataclass(frozen=True, kw_only=True)
class Gated(Linear):
    """One product with the encoder, read twice: whether a latent fires, and how strongly."""

    b_gate: Float[Tensor, " latent"]
    b_mag: Float[Tensor, " latent"]
    r_mag: Float[Tensor, " latent"]

    architecture: ClassVar[str] = "gated"
    latent_names: ClassVar[tuple[str, ...]] = ("W_enc", "W_dec", "b_gate", "b_mag", "r_mag")

    def fire(self, prepared: Float[Tensor, "token input_width"]) -> Codes:
        product = prepared @ self.W_enc
        tokens, latents = torch.nonzero(product > -self.b_gate, as_tuple=True)
        values = product[tokens, latents] * self.r_mag.exp()[latents] + self.b_mag[latents]
        if self.rescale_by_decoder_norm:
            values = values * self.norms[latents]
        fires = values > 0
        return Codes(tokens[fires], latents[fires], values[fires], len(prepared))
