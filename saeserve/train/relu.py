"""Training of a ReLU SAE with an L1 penalty (Bricken et al. 2023, transformer-circuits.pub/2023/monosemantic-features).

    sparsity = l1 sum_i f_i,   f = ReLU(pre-activations)

per token; rows of the decoder have norm 1, so that no latent escapes the penalty by a long row. The penalty grows from
0 over the first WARM_UP_SHARE of the steps (Templeton et al. 2024, transformer-circuits.pub/2024/april-update): from
the start it would kill latents before they have found a direction.
"""

from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Coder, Codes, codes_of
from saeserve.coders.relu import ReLU
from saeserve.train.recipe import Recipe
from saeserve.train.trainer import WARM_UP_SHARE, Spread, Trainer


class ReluTrainer(Trainer):
    """Sparsity follows from the penalty's weight: how many latents fire is seen afterwards only."""

    architecture = "relu"

    def __init__(self, recipe: Recipe, spread: Spread) -> None:
        super().__init__(recipe, spread)
        # At first half of the latents fire: with the encoder so short they add up to about x, not to many times x.
        self.encoder *= min(1.0, 2 * len(spread.mean) / recipe.width)

    def fire(self, before: Float[Tensor, "token latent"]) -> Codes:
        return codes_of(before)

    def value_slope(self, progress: float) -> float:
        return self.recipe.l1 * min(1.0, progress / WARM_UP_SHARE)

    def coder(self) -> Coder:
        return ReLU(**self.raw_parts())
