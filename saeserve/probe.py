"""A small batch of the corpus, looked at before the run: sinks, spread of activations, fit of the SAE."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from saeserve.contract import Gate
from saeserve.fit import Fit
from saeserve.hook_points import HookPoint
from saeserve.hooks import capture
from saeserve.language_model import LanguageModel
from saeserve.quality import NextToken, Reconstruction, Splice, by_mean, by_sae, next_token, reconstruction
from saeserve.refusal import Refusal
from saeserve.sinks import Sinks, sinks_of
from saeserve.windows import Batch, Window, batches, cut

PROBE_DOCUMENTS = 64
PROBE_TOKENS = 6_000
CROSS_ENTROPY_TOKENS = 2_000
DOCUMENT_CHARACTERS = 40_000
"""Of one document, so that a book takes no longer than a note."""
HISTOGRAM_BINS = 24
BINS_A_DOUBLING = 2
NO_NEXT_TOKEN = "Next-token cross-entropy is undefined: the model is an encoder, which predicts no next token."
NOTHING_FOLLOWS = "Next-token cross-entropy is undefined: every document of the probe batch is a single token."


class NothingToProbe(Refusal):
    """The probe batch has no tokens."""


class NotFinite(Refusal):
    """The model or the SAE computes infinities."""


@dataclass(frozen=True)
class Probe:
    """What the probe batch showed."""

    sinks: Sinks
    edges: NDArray[np.float64]
    """Log-spaced borders of the activation histogram; the outer bins also take what lies beyond them."""
    gate: Gate


def probe(fit: Fit, texts: Sequence[str], *, context_tokens: int, sink_norm_multiple: float) -> Probe:
    """Measure one SAE on the beginning of `texts`, at most about PROBE_TOKENS tokens of them.

    Raises NothingToProbe and NotFinite. Whether the figures are good is for the gate to say.
    """
    return probe_all([fit], texts, context_tokens=context_tokens, sink_norm_multiple=sink_norm_multiple)[0]


@torch.inference_mode()
def probe_all(
    fits: Sequence[Fit], texts: Sequence[str], *, context_tokens: int, sink_norm_multiple: float
) -> list[Probe]:
    """Measure several SAEs of one model, each as if it were alone; the model runs once for all activations."""
    model = fits[0].model
    beginnings = [text[:DOCUMENT_CHARACTERS] for text in texts]
    windows = _spread(list(cut(beginnings, model.tokenizer, context_tokens=context_tokens, overlap_tokens=0)))
    windows = _first(windows, PROBE_TOKENS)
    if sum(map(len, windows)) < 2:
        raise NothingToProbe("The corpus has too few tokens to check the SAE on; add documents.")
    points = list(dict.fromkeys(point for fit in fits for point in (fit.point, fit.output_point, fit.sink_point)))
    activations = dict(zip(points, _activations(model, points, windows), strict=True))
    few = list(batches(_first(windows, CROSS_ENTROPY_TOKENS), model=model))
    plain = next_token(model, few) if model.predicts_next else None
    return [_probe(fit, activations, few, plain, sink_norm_multiple) for fit in fits]


def _probe(
    fit: Fit, activations: dict[HookPoint, Tensor], few: list[Batch], plain: NextToken | None, multiple: float
) -> Probe:
    read, written, told = (activations[point] for point in (fit.point, fit.output_point, fit.sink_point))
    sinks = sinks_of(told, multiple=multiple, point=fit.sink_point)
    # A token that is a sink only where the SAE writes would drown all others in the comparison.
    kept = sinks.keep(told) & sinks_of(written, multiple=multiple, point=fit.output_point).keep(written)
    read, written = read[kept], written[kept]
    if len(read) < 2 or not bool((written != written[0]).any()):
        raise NothingToProbe("The probe batch holds the same token again and again; add documents with running text.")
    coder = fit.sae.coder
    quality = reconstruction(coder, read, written)
    _check_finite(quality.fve, quality.norm_ratio)
    spliced = ablated = None
    if plain and plain.tokens:
        spliced = next_token(fit.model, few, Splice(fit.point, fit.output_point, sinks, by_sae(coder))).mean
        ablated = next_token(fit.model, few, Splice(fit.point, fit.output_point, sinks, by_mean(written))).mean
        _check_finite(plain.mean, spliced, ablated)
    return Probe(sinks, _edges(quality), _gate(fit, quality, plain, spliced, ablated))


def _gate(
    fit: Fit, quality: Reconstruction, plain: NextToken | None, spliced: float | None, ablated: float | None
) -> Gate:
    return Gate(
        tokens=quality.tokens,
        fve=quality.fve,
        l0=quality.l0,
        dead_share=quality.dead / fit.sae.coder.width,
        norm_ratio=quality.norm_ratio,
        ce=plain.mean if plain and spliced is not None else None,
        ce_with_sae=spliced,
        ce_ablated=ablated,
        declared=dict(fit.declared),
        note="" if spliced is not None else NOTHING_FOLLOWS if plain else NO_NEXT_TOKEN,
    )


def _check_finite(*figures: float) -> None:
    if not np.isfinite(figures).all():
        raise NotFinite(
            "The SAE's reconstruction is not finite on this model's activations; its weights or their scale are wrong."
        )


def _activations(
    model: LanguageModel, points: Sequence[HookPoint], windows: list[Window]
) -> list[Float[Tensor, "token width"]]:
    """One tensor a point, tokens in one order."""
    found: list[list[Tensor]] = [[] for _ in points]
    for batch in batches(windows, model=model):
        for held, caught in zip(found, capture(model.network, points, batch.ids, batch.mask), strict=True):
            held.append(batch.real(caught))
    joined = [torch.cat(held) for held in found]
    if not all(bool(torch.isfinite(each).all()) for each in joined):
        raise NotFinite(
            "The model gives activations that are not finite; its weights are damaged or the dtype is too narrow."
        )
    return joined


def _spread(windows: Sequence[Window]) -> list[Window]:
    """One window of every document, then a second one, and so on, beginning at another part of each document: a long
    document does not fill the batch, nor do beginnings."""
    by_document: dict[int, list[Window]] = {}
    for window in windows:
        by_document.setdefault(window.document, []).append(window)
    turned = []
    for place, parts in enumerate(by_document.values()):
        begin = place % len(parts)
        turned.append(parts[begin:] + parts[:begin])
    return [window for turn in zip_longest(*turned) for window in turn if window is not None]


def _first(windows: Sequence[Window], tokens: int) -> list[Window]:
    """Windows from the front until they hold that many tokens."""
    chosen: list[Window] = []
    held = 0
    for window in windows:
        if held >= tokens:
            break
        chosen.append(window)
        held += len(window)
    return chosen


def _edges(quality: Reconstruction) -> NDArray[np.float64]:
    """Bins of equal ratio about the median firing, so that any unit of activation is covered."""
    steps = np.arange(HISTOGRAM_BINS + 1) - HISTOGRAM_BINS // 2
    return np.exp2(quality.typical_power + steps / BINS_A_DOUBLING)
