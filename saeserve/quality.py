"""How well an SAE reconstructs: on activations alone, and spliced into the model."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from saeserve.coders.base import Coder
from saeserve.hooks import replaced
from saeserve.language_model import LanguageModel
from saeserve.sinks import Sinks
from saeserve.windows import Batch

CHUNK_TOKENS = 4096


@dataclass(frozen=True)
class Reconstruction:
    """Of activations [token, width] by an SAE."""

    tokens: int
    fve: float
    """Fraction of variance explained, 1 - SSE / SST, SST about the mean activation."""
    l0: float
    """Mean number of firing latents a token."""
    norm_ratio: float
    """Mean norm of the reconstruction over mean norm of the activation."""
    firings: Tensor
    """[latent] tokens on which it fires."""

    @property
    def dead(self) -> int:
        """Latents that fire on none of these tokens."""
        return int((self.firings == 0).sum())


@dataclass(frozen=True)
class CrossEntropy:
    """Of the next token, nats, over the same tokens."""

    tokens: int
    """0 where every window holds a single token: then there is nothing to predict, and the figures mean nothing."""
    model: float
    with_sae: float
    """With the SAE's reconstruction in place of the activation, on all real tokens except sinks."""


def reconstruction(coder: Coder, activations: Tensor) -> Reconstruction:
    """Measure on raw activations [token, width], any float dtype."""
    mean = activations.float().mean(dim=0)
    firings = torch.zeros(coder.width, dtype=torch.long)
    left = total = norm = rebuilt_norm = 0.0
    for chunk in torch.split(activations, CHUNK_TOKENS):
        exact = chunk.float()
        codes = coder.encode(exact)
        rebuilt = coder.decode(codes)
        left += float((exact - rebuilt).double().square().sum())
        total += float((exact - mean).double().square().sum())
        norm += float(exact.norm(dim=1).sum())
        rebuilt_norm += float(rebuilt.norm(dim=1).sum())
        firings += torch.bincount(codes.latents[codes.values > 0].cpu(), minlength=coder.width)
    tokens = len(activations)
    return Reconstruction(tokens, 1 - left / total, int(firings.sum()) / tokens, rebuilt_norm / norm, firings)


@torch.inference_mode()
def cross_entropy(model: LanguageModel, path: str, coder: Coder, sinks: Sinks, probe: Iterable[Batch]) -> CrossEntropy:
    """Next-token cross-entropy without and with the SAE spliced in at `path`."""
    tokens, plain, spliced = 0, 0.0, 0.0
    for batch in probe:
        tokens += sum(max(0, len(window) - 1) for window in batch.windows)
        plain += _loss(model, batch)
        with replaced(model.network, path, lambda output, batch=batch: _splice(output, coder, sinks, batch)):  # type: ignore[misc]
            spliced += _loss(model, batch)
    return CrossEntropy(tokens, plain / max(tokens, 1), spliced / max(tokens, 1))


def _splice(output: Tensor, coder: Coder, sinks: Sinks, batch: Batch) -> Tensor:
    """The output [window, position, width] with real tokens replaced; front tokens, padding and sinks stay."""
    real = torch.zeros(output.shape[:2], dtype=torch.bool, device=output.device)
    for row, window in enumerate(batch.windows):
        real[row, 1 : 1 + len(window)] = True
    real &= sinks.keep(output)
    result = output.clone()
    result[real] = coder.decode(coder.encode(output[real].float())).to(output.dtype)
    return result


def _loss(model: LanguageModel, batch: Batch) -> float:
    """Sum of cross-entropies of each real token but a window's first, whose predictor is the front token."""
    logits = model.network(input_ids=batch.ids, attention_mask=batch.mask, use_cache=False).logits
    loss = 0.0
    for row, window in enumerate(batch.windows):
        end = len(window)
        if end > 1:
            loss += float(
                torch.nn.functional.cross_entropy(
                    logits[row, 1:end].float(), batch.ids[row, 2 : end + 1], reduction="sum"
                )
            )
    return loss
