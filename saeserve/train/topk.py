"""Training of a TopK SAE (Gao et al. 2024, arXiv 2406.04093): the k strongest latents of each token fire."""

from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Coder, Codes
from saeserve.coders.topk import TopK
from saeserve.train.trainer import Trainer, slots


class TopKTrainer(Trainer):
    """Sparsity needs no penalty: k is exact, except that what ReLU empties does not fire."""

    architecture = "topk"

    def fire(self, before: Float[Tensor, "token latent"]) -> Codes:
        values, latents = before.topk(self.recipe.k, dim=1)
        return slots(latents, values)

    def coder(self) -> Coder:
        return TopK(**self.raw_parts(), k=self.recipe.k)
