"""Training of a JumpReLU SAE (Rajamanoharan et al. 2024, arXiv 2407.14435), towards a given number of firing latents.

    f = z H(z - theta),   z: pre-activations,   theta = exp(PACE height), one a latent
    sparsity = width_of_x (L0 / k - 1)^2,   L0: mean over the batch of the number of firing latents of a token

Neither the jump nor L0 has a derivative with respect to theta; both get a straight-through one, by a rectangle K of
width BANDWIDTH about the threshold (equations 11 and 12 there):

    d f / d theta = -(theta / BANDWIDTH) K((z - theta) / BANDWIDTH)
    d H / d theta = -(1 / BANDWIDTH) K((z - theta) / BANDWIDTH)

Its authors penalise L0 in proportion; the quadratic penalty about a target is one of the variants that they discuss,
and saves the search for a weight. Here the weight is the mean square norm of x, so that missing the target by all of
it costs as much as explaining nothing.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Coder, Codes
from saeserve.coders.jumprelu import JumpReLU
from saeserve.train.recipe import Recipe
from saeserve.train.trainer import WARM_UP_SHARE, Named, Spread, Trainer

BANDWIDTH = 0.25
"""In units of the scaled activations, whose mean square is 1 a coordinate."""


PACE = 10.0
"""Thresholds move so many times as fast as weights: Adam steps do not grow with the gradient, and at the weights' pace
the number of firing latents takes longer than a short training to come back to its target."""


class JumpReluTrainer(Trainer):
    """Each latent learns its own threshold."""

    architecture = "jumprelu"

    def __init__(self, recipe: Recipe, spread: Spread) -> None:
        self.height = torch.zeros(recipe.width, device=spread.mean.device)
        super().__init__(recipe, spread)

    @property
    def parameters(self) -> Named:
        return super().parameters | {"height": self.height}

    def begin(self, raw: Float[Tensor, "token width"]) -> None:
        """All thresholds start where k latents a token fire on the first batch."""
        centred = raw.float() * self.scale - self.decoder_bias
        before = torch.addmm(self.encoder_bias, centred, self.encoder.T)
        weakest = before.flatten().topk(min(before.numel(), len(raw) * self.recipe.k), sorted=True).values[-1]
        self.height.fill_(float(weakest.clamp(min=1e-3).log()) / PACE)

    @property
    def threshold(self) -> Float[Tensor, " latent"]:
        """In units of the scaled activations."""
        return (PACE * self.height).exp()

    def fire(self, before: Float[Tensor, "token latent"]) -> Codes:
        tokens, latents = torch.nonzero(before > self.threshold, as_tuple=True)
        return Codes(tokens, latents, before[tokens, latents], len(before))

    def own_gradients(self, before: Tensor, wanted: Tensor, codes: Codes, progress: float) -> Named:
        threshold = self.threshold
        tokens, latents = torch.nonzero((before - threshold).abs() < BANDWIDTH / 2, as_tuple=True)
        slope = -(threshold[latents] * wanted[tokens, latents] + self._slope_of_firing(codes, progress)) / BANDWIDTH
        gradient = torch.zeros_like(threshold).index_add_(0, latents, slope)
        return {"height": gradient * threshold * PACE}

    def coder(self) -> Coder:
        return JumpReLU(**self.raw_parts(), threshold=self.threshold / self.scale)

    def _slope_of_firing(self, codes: Codes, progress: float) -> float:
        """Slope of the penalty at one more firing in the batch."""
        l0 = len(codes.values) / codes.count
        weight = self.encoder.shape[1] * min(1.0, progress / WARM_UP_SHARE)
        return 2 * weight * (l0 / self.recipe.k - 1) / self.recipe.k / codes.count
