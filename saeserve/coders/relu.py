"""ReLU sparse autoencoder with an L1 penalty in training (Bricken et al. 2023, "Towards Monosemanticity").

    f(x) = ReLU((x - b_dec) W_enc + b_enc)
    x^   = f(x) W_dec + b_dec

SAEs trained end to end on the model's loss (Braun et al. 2024, arXiv 2405.12241) are the same at inference.
"""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Codes, codes_of
from saeserve.coders.linear import Linear


@dataclass(frozen=True, kw_only=True)
class ReLU(Linear):
    """Every latent with a pre-activation above 0 fires."""

    b_enc: Float[Tensor, " latent"]

    architecture: ClassVar[str] = "relu"

    def fire(self, prepared: Float[Tensor, "token input_width"]) -> Codes:
        return codes_of(self._before(prepared, self.b_enc))
