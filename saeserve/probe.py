"""A small batch of the corpus, looked at before the run: sinks, spread of activations, fit of the SAE."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from saeserve.coders.base import Coder
from saeserve.contract import Gate
from saeserve.hooks import capture
from saeserve.language_model import LanguageModel
from saeserve.quality import cross_entropy, reconstruction
from saeserve.refusal import Refusal
from saeserve.sinks import Sinks, sinks_of
from saeserve.windows import Window, batches, cut

PROBE_DOCUMENTS = 64
PROBE_TOKENS = 6_000
CROSS_ENTROPY_TOKENS = 2_000
HISTOGRAM_BINS = 24
BINS_A_DOUBLING = 2


class NothingToProbe(Refusal):
    """The probe batch has no tokens."""


@dataclass(frozen=True)
class Probe:
    """What the probe batch showed."""

    sinks: Sinks
    edges: NDArray[np.float64]
    """Log-spaced borders of the activation histogram; the outer bins also take what lies beyond them."""
    gate: Gate


@torch.inference_mode()
def probe(
    model: LanguageModel,
    path: str,
    coder: Coder,
    texts: Sequence[str],
    *,
    context_tokens: int,
    declared: dict[str, float],
) -> Probe:
    """Measure on the beginning of `texts`, at most PROBE_TOKENS tokens of them."""
    windows = _first(list(cut(texts, model.tokenizer, context_tokens=context_tokens)), PROBE_TOKENS)
    if sum(map(len, windows)) < 2:
        raise NothingToProbe("The corpus has too few tokens to check the SAE on; add documents.")
    activations = _activations(model, path, windows)
    if not torch.isfinite(activations).all():
        raise NothingToProbe(
            "The model gives activations that are not finite; its weights are damaged or the dtype is too narrow."
        )
    sinks = sinks_of(activations)
    kept = activations[sinks.keep(activations)]
    few = _first(windows, CROSS_ENTROPY_TOKENS)
    quality = reconstruction(coder, kept)
    entropy = cross_entropy(model, path, coder, sinks, batches(few, front_token=model.front_token, device=model.device))
    gate = Gate(
        tokens=quality.tokens,
        fve=quality.fve,
        l0=quality.l0,
        dead_share=quality.dead / coder.width,
        norm_ratio=quality.norm_ratio,
        ce=entropy.model if entropy.tokens else None,
        ce_with_sae=entropy.with_sae if entropy.tokens else None,
        declared=declared,
    )
    return Probe(sinks, _edges(coder, kept), gate)


def _activations(model: LanguageModel, path: str, windows: list[Window]) -> torch.Tensor:
    found = []
    for batch in batches(windows, front_token=model.front_token, device=model.device):
        caught = capture(model.network, path, batch.ids, batch.mask)
        found += [caught[row, 1 : 1 + len(window)] for row, window in enumerate(batch.windows)]
    return torch.cat(found)


def _first(windows: list[Window], tokens: int) -> list[Window]:
    """Windows from the front until they hold that many tokens."""
    chosen: list[Window] = []
    held = 0
    for window in windows:
        if held >= tokens:
            break
        chosen.append(window)
        held += len(window)
    return chosen


def _edges(coder: Coder, activations: torch.Tensor) -> NDArray[np.float64]:
    """Bins of equal ratio about the median firing, so that any unit of activation is covered."""
    values = coder.encode(activations.float()).values
    firing = values[values > 0]
    middle = round(math.log2(float(firing.median()))) if len(firing) else 0
    steps = np.arange(HISTOGRAM_BINS + 1) - HISTOGRAM_BINS // 2
    return np.exp2(middle + steps / BINS_A_DOUBLING)
