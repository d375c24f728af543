"""Training of a BatchTopK SAE (Bussmann, Leask, Nanda 2024, arXiv 2412.06410).

Of a batch of n tokens the n k strongest (token, latent) pairs fire, so that a token may have more than k or fewer. At
inference there is no batch: a latent fires where its pre-activation is above one threshold, the running mean of the
weakest firing value of a training batch.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Coder, Codes
from saeserve.coders.batchtopk import BatchTopK
from saeserve.train.recipe import Recipe
from saeserve.train.trainer import Named, Spread, Trainer

THRESHOLD_RATE = 0.01
"""Share by which the running threshold moves towards that of the newest batch."""
GUESS = 0.5
"""The strongest pairs are looked for above this share of the running threshold first: exact, and far cheaper."""


class BatchTopKTrainer(Trainer):
    """Sparsity holds on average over a batch."""

    architecture = "batchtopk"

    def __init__(self, recipe: Recipe, spread: Spread) -> None:
        super().__init__(recipe, spread)
        self.threshold = torch.zeros((), device=spread.mean.device)
        """Running; 0 before the first step."""

    @property
    def extras(self) -> Named:
        return super().extras | {"threshold": self.threshold}

    def fire(self, before: Float[Tensor, "token latent"]) -> Codes:
        codes = strongest(before, len(before) * self.recipe.k, above=GUESS * float(self.threshold))
        if len(codes.values):
            weakest = codes.values.min()
            self.threshold += (weakest - self.threshold) * (THRESHOLD_RATE if self.threshold > 0 else 1.0)
        return codes

    def coder(self) -> Coder:
        return BatchTopK(**self.raw_parts(), threshold=float(self.threshold / self.scale))


def strongest(before: Float[Tensor, "token latent"], number: int, *, above: float) -> Codes:
    """The `number` strongest pairs above 0. `above`: a guess of a value that at least so many exceed."""
    tokens, latents = torch.nonzero(before > above, as_tuple=True)
    if len(tokens) < number and above > 0:
        return strongest(before, number, above=0.0)
    values = before[tokens, latents]
    if len(values) > number:
        chosen = values.topk(number, sorted=False).indices.sort().values
        tokens, latents, values = tokens[chosen], latents[chosen], values[chosen]
    return Codes(tokens, latents, values, len(before))
