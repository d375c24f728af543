"""TopK sparse autoencoder (Gao et al. 2024, arXiv 2406.04093), as SAELens v6 defines it.

    f(x) = ReLU(TopK_k((x - b_dec) W_enc + b_enc))
    x^   = f(x) W_dec + b_dec

TopK keeps the k largest pre-activations of each token and sets the others to 0. Where `subtract_b_dec` is off, b_dec is
not subtracted from the input. Where `rescale_by_decoder_norm` is on, pre-activations are multiplied by the norms of the
rows of W_dec before TopK and divided by them again in decoding.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import embedding_bag

from saeserve.coders.base import Firings


@dataclass(frozen=True)
class TopK:
    """A TopK SAE; all tensors float32 on one device."""

    W_enc: Float[Tensor, "width latent"]
    b_enc: Float[Tensor, " latent"]
    W_dec: Float[Tensor, "latent width"]
    b_dec: Float[Tensor, " width"]
    k: int
    subtract_b_dec: bool = True
    rescale_by_decoder_norm: bool = False

    architecture = "topk"

    @property
    def input_width(self) -> int:
        return self.W_enc.shape[0]

    @property
    def width(self) -> int:
        return self.W_enc.shape[1]

    @property
    def unit(self) -> str:
        return "decoder-norm" if self.rescale_by_decoder_norm else "raw"

    @property
    def decoder(self) -> Float[Tensor, "latent width"]:
        return self.W_dec

    def encode(self, activations: Float[Tensor, "token width"]) -> Firings:
        """The k strongest latents of each token, strongest first; slots that ReLU empties hold 0."""
        inputs = activations - self.b_dec if self.subtract_b_dec else activations
        before = torch.addmm(self.b_enc, inputs, self.W_enc)
        if self.rescale_by_decoder_norm:
            before = before * self.W_dec.norm(dim=1)
        values, latents = before.topk(self.k, dim=1)
        return Firings(latents, values.relu())

    def decode(self, firings: Firings) -> Float[Tensor, "token width"]:
        """Reconstruction of each token from its firings."""
        values = firings.values
        if self.rescale_by_decoder_norm:
            values = values / self.W_dec.norm(dim=1)[firings.latents]
        return embedding_bag(firings.latents, self.W_dec, per_sample_weights=values, mode="sum") + self.b_dec
