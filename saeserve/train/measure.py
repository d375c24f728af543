"""What is measured of every trained SAE on the held-out documents."""

from collections.abc import Sequence
from dataclasses import dataclass

from saeserve.coders.base import Coder
from saeserve.language_model import LanguageModel
from saeserve.quality import Reconstruction, Splice, by_mean, by_sae, next_token, reconstruction
from saeserve.train.activations import Place
from saeserve.train.held_out import HeldOut
from saeserve.windows import Window, batches

CROSS_ENTROPY_TOKENS = 16_000
"""Of held-out text, whole windows from the front."""


@dataclass(frozen=True)
class Plain:
    """The model's own cross-entropy of the next token, nats."""

    windows: Sequence[Window]
    tokens: int
    ce: float


@dataclass(frozen=True)
class Measured:
    """Of one SAE; cross-entropies are None for an encoder, which predicts no next token."""

    reconstruction: Reconstruction
    ce_tokens: int = 0
    ce: float | None = None
    ce_with_sae: float | None = None
    ce_with_mean: float | None = None
    """With the mean activation in place of each token's: what the layer's information is worth."""

    @property
    def ce_rise(self) -> float | None:
        return None if self.ce is None or self.ce_with_sae is None else self.ce_with_sae - self.ce


def plain_cross_entropy(model: LanguageModel, windows: Sequence[Window]) -> Plain | None:
    """On about CROSS_ENTROPY_TOKENS tokens; None for an encoder, and where no window holds two tokens."""
    if not model.predicts_next:
        return None
    chosen: list[Window] = []
    for window in windows:
        if sum(map(len, chosen)) >= CROSS_ENTROPY_TOKENS:
            break
        chosen.append(window)
    found = next_token(model, batches(chosen, model=model))
    return Plain(chosen, found.tokens, found.mean) if found.tokens else None


def measure(
    model: LanguageModel, place: Place, coder: Coder, held_out: HeldOut, plain: Plain | None, *, ablate: bool = False
) -> Measured:
    """`ablate`: also with the mean in place, which takes as long again."""
    coder = coder.to(model.device)
    quality = reconstruction(coder, held_out.activations.to(model.device))
    if plain is None:
        return Measured(quality)
    splice = Splice(place.point, place.point, place.sinks, by_sae(coder))
    with_sae = next_token(model, batches(plain.windows, model=model), splice).mean
    with_mean = None
    if ablate:
        mean = by_mean(held_out.activations.to(model.device))
        ablation = Splice(place.point, place.point, place.sinks, mean)
        with_mean = next_token(model, batches(plain.windows, model=model), ablation).mean
    return Measured(quality, plain.tokens, plain.ce, with_sae, with_mean)
