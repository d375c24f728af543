"""What the training of every architecture shares: parameters, gradients written by hand, revival, optimiser.

    loss = |x^ - x|^2 + sparsity + AUX_WEIGHT |e^ - e|^2
    e = x - x^ held fixed,   e^: what the AUX_K strongest dead latents add up to

Means over the tokens of a batch. The last term brings dead latents back (Gao et al. 2024, arXiv 2406.04093, section
A.2). Rows of the decoder have norm 1 throughout: their gradient loses its part along the row (Bricken et al. 2023),
and they are scaled back after each step. x is the raw activation times one scale that makes its mean square 1, so that
penalties and learning rates mean the same at every hook point.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, TypedDict

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from saeserve.coders.base import Coder, Codes, weighted_rows
from saeserve.train.recipe import Recipe
from saeserve.train.sparse import ByLatent, column_sums

DEAD_AFTER = 200_000
"""Tokens without a firing after which a latent counts as dead while training."""
AUX_K = 256
AUX_WEIGHT = 1 / 32
WARM_UP_SHARE = 0.1
"""Share of the steps over which a sparsity penalty grows from 0 to its full weight."""

Named = dict[str, Tensor]


class RawParts(TypedDict):
    """The tensors that every SAE has, named and shaped as SAELens has them."""

    W_enc: Float[Tensor, "width latent"]
    b_enc: Float[Tensor, " latent"]
    W_dec: Float[Tensor, "latent width"]
    b_dec: Float[Tensor, " width"]


@dataclass(frozen=True)
class Spread:
    """Where the raw activations lie."""

    mean: Float[Tensor, " width"]
    scale: float
    """Raw activations times it have mean square 1."""


def spread_of(activations: Float[Tensor, "token width"]) -> Spread:
    """Of raw activations, any float dtype; chunk by chunk, so that no copy in float32 is made of all."""
    total = torch.zeros(activations.shape[1], dtype=torch.float64, device=activations.device)
    square = 0.0
    for chunk in torch.split(activations, 65_536):
        exact = chunk.double()
        total += exact.sum(dim=0)
        square += float(exact.square().sum())
    return Spread((total / len(activations)).float(), (activations.numel() / square) ** 0.5)


class Trainer(ABC):
    """Parameters, optimiser and the count of silent tokens: all that a checkpoint holds."""

    architecture: ClassVar[str]

    def __init__(self, recipe: Recipe, spread: Spread) -> None:
        self.recipe, self.scale = recipe, spread.scale
        device = spread.mean.device
        generator = torch.Generator().manual_seed(recipe.seed)
        directions = normalize(torch.randn(recipe.width, len(spread.mean), generator=generator), dim=1).to(device)
        # Each parameter has the memory layout of its gradient: fused Adam scrambles a transposed view in silence.
        self.encoder = directions.clone()
        self.encoder_bias = torch.zeros(recipe.width, device=device)
        self.decoder = directions
        self.decoder_bias = (spread.mean * spread.scale).contiguous()
        self.silent = torch.zeros(recipe.width, dtype=torch.long, device=device)
        self._learn()

    def _learn(self) -> None:
        parameters = list(self.parameters.values())
        self.optimiser = torch.optim.Adam(parameters, lr=self.recipe.learning_rate, betas=(0.9, 0.999), fused=True)

    @property
    def parameters(self) -> Named:
        """What the optimiser changes."""
        return {
            "encoder": self.encoder,
            "encoder_bias": self.encoder_bias,
            "decoder": self.decoder,
            "decoder_bias": self.decoder_bias,
        }

    @property
    def extras(self) -> Named:
        """What changes besides, in place: a checkpoint keeps it too."""
        return {"silent": self.silent}

    @abstractmethod
    def fire(self, before: Float[Tensor, "token latent"]) -> Codes:
        """What fires in a batch, from its pre-activations."""

    @abstractmethod
    def coder(self) -> Coder:
        """The SAE on raw activations: the scale is folded into the biases; both weight matrices are scale-free."""

    def begin(self, raw: Float[Tensor, "token width"]) -> None:  # noqa: B027 - most have nothing to set
        """Called once before the first step, with a batch of raw activations."""

    def value_slope(self, progress: float) -> float:
        """The sparsity penalty's slope at each firing's value, summed over a batch's tokens. 0 to 1: `progress`."""
        return 0.0

    def own_gradients(self, before: Tensor, wanted: Tensor, codes: Codes, progress: float) -> Named:
        """Gradients of the parameters that only this architecture has.

        before: pre-activations [token, latent]. wanted: slope of the loss at each latent's value, [token, latent].
        """
        return {}

    def slopes(self, centred: Tensor, codes: Codes) -> tuple[Tensor, list[tuple[slice, Tensor]]]:
        """(error of the reconstruction [token, width], the loss's slope at what each range of latents adds)."""
        error = weighted_rows(codes, self.decoder) - centred
        return error, [(slice(0, self.recipe.width), 2 * error / len(centred))]

    def step(self, raw: Float[Tensor, "token width"], *, learning_rate: float, progress: float) -> float:
        """One step on raw activations. Returns the share of variance left unexplained in the batch."""
        inputs = raw.float() * self.scale
        centred = inputs - self.decoder_bias
        before = torch.addmm(self.encoder_bias, centred, self.encoder.T)
        codes = self.fire(before)
        error, slopes = self.slopes(centred, codes)
        wanted = _joined([slope @ self.decoder[part].T for part, slope in slopes], dim=1)
        at_codes = wanted[codes.tokens, codes.latents] + self.value_slope(progress) / len(raw)
        gradients = self._gradients(centred, codes, at_codes, slopes)
        gradients["decoder_bias"] += slopes[0][1].sum(dim=0)
        gradients |= self.own_gradients(before, wanted, codes, progress)
        self._count_silent(codes)
        self._add_auxiliary(gradients, centred, before, error)
        self._apply(gradients, learning_rate)
        return float(error.square().sum() / (inputs - inputs.mean(dim=0)).square().sum())

    def raw_parts(self) -> RawParts:
        """The SAE on raw activations."""
        return {
            "W_enc": self.encoder.T.contiguous(),
            "b_enc": self.encoder_bias / self.scale,
            "W_dec": self.decoder.clone(),
            "b_dec": self.decoder_bias / self.scale,
        }

    @property
    def dead(self) -> Tensor:
        """Latents without a firing over the last DEAD_AFTER tokens."""
        return torch.nonzero(self.silent > DEAD_AFTER).squeeze(1)

    def _gradients(self, centred: Tensor, codes: Codes, at_codes: Tensor, slopes: list[tuple[slice, Tensor]]) -> Named:
        """Gradients from the slopes at the codes' values and at what the decoder adds.

        That of decoder_bias is its share through the encoder's input only.
        """
        width = self.recipe.width
        by_latent = ByLatent(codes, width)
        encoder_bias = column_sums(Codes(codes.tokens, codes.latents, at_codes, codes.count), width)
        decoder = [by_latent.product(codes.values, slopes[0][1])] if len(slopes) == 1 else _by_part(codes, slopes)
        return {
            "encoder": by_latent.product(at_codes, centred),
            "encoder_bias": encoder_bias,
            "decoder": _joined(decoder, dim=0),
            "decoder_bias": -(encoder_bias @ self.encoder),
        }

    def _add_auxiliary(self, gradients: Named, centred: Tensor, before: Tensor, error: Tensor) -> None:
        dead = self.dead
        if not len(dead):
            return
        values, places = before[:, dead].topk(min(AUX_K, len(dead)), dim=1)
        codes = slots(dead[places], values.relu())
        left = weighted_rows(codes, self.decoder) + error
        slope = 2 * AUX_WEIGHT * left / len(centred)
        at_codes = (slope @ self.decoder.T)[codes.tokens, codes.latents]
        extra = self._gradients(centred, codes, at_codes, [(slice(0, self.recipe.width), slope)])
        for name, addition in extra.items():
            gradients[name] += addition

    def _count_silent(self, codes: Codes) -> None:
        self.silent += codes.count
        self.silent[codes.latents] = 0

    def _apply(self, gradients: Named, learning_rate: float) -> None:
        along = (gradients["decoder"] * self.decoder).sum(dim=1, keepdim=True)
        gradients["decoder"] -= along * self.decoder
        for name, parameter in self.parameters.items():
            parameter.grad = gradients[name]
        self.optimiser.param_groups[0]["lr"] = learning_rate
        self.optimiser.step()
        self.decoder.copy_(normalize(self.decoder, dim=1))


def _joined(parts: list[Tensor], *, dim: int) -> Tensor:
    """torch.cat, which would copy a single part."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=dim)


def slots(latents: Tensor, values: Tensor) -> Codes:
    """Codes of [token, slot] latents and values; slots whose value is not above 0 do not fire."""
    tokens, places = torch.nonzero(values > 0, as_tuple=True)
    return Codes(tokens, latents[tokens, places], values[tokens, places], len(values))


def _by_part(codes: Codes, slopes: list[tuple[slice, Tensor]]) -> list[Tensor]:
    """The decoder's gradient, range of latents by range."""
    found = []
    for part, slope in slopes:
        inside = (codes.latents >= part.start) & (codes.latents < part.stop)
        within = Codes(codes.tokens[inside], codes.latents[inside] - part.start, codes.values[inside], codes.count)
        found.append(ByLatent(within, part.stop - part.start).product(within.values, slope))
    return found
