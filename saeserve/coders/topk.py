"""TopK sparse autoencoder (Gao et al. 2024, arXiv 2406.04093).

    f(x) = ReLU(TopK_k((x - b_dec) W_enc + b_enc))
    x^   = f(x) W_dec + b_dec

TopK keeps the k largest pre-activations of each token and sets the others to 0; of equal ones at the border any may be
kept. Where `rescale_by_decoder_norm` is on, pre-activations are multiplied by the norms of the rows of W_dec before
TopK and divided by them again in decoding.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Codes
from saeserve.coders.linear import Linear


@dataclass(frozen=True, kw_only=True)
class TopK(Linear):
    """At most k latents fire on a token."""

    b_enc: Float[Tensor, " latent"]
    k: int

    architecture: ClassVar[str] = "topk"

    def fire(self, prepared: Float[Tensor, "token input_width"]) -> Codes:
        return strongest(self._before(prepared, self.b_enc), self.k)


def strongest(before: Float[Tensor, "token latent"], k: int) -> Codes:
    """The k largest of each token that are above 0, by token and then by latent."""
    values, latents = before.topk(k, dim=1, sorted=False)
    latents, order = latents.sort(dim=1)
    values = values.gather(1, order)
    tokens, slots = torch.nonzero(values > 0, as_tuple=True)
    return Codes(tokens, latents[tokens, slots], values[tokens, slots], len(before))
