"""An automatic interpretability score without explanations: are a latent's snippets like each other in meaning?

Half of the held-out documents give each latent's shown snippets, the other half its test snippets: its strongest ones
and as many random ones on which it does not fire, one a document. The score of a test snippet is the mean cosine of its
sentence embedding to those of the shown ones; a latent's value is the chance that one of its own scores above a random
one (area under the ROC curve, ties half; 0.5 is chance). This follows the example-embedding score of delphi (Paulo et
al. 2024, arXiv 2410.13928). It rewards likeness of topic; form and grammar pass it by, and it is no rating by people.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from saeserve.coders.base import Coder, Codes, joined
from saeserve.train.held_out import HeldOut

LATENTS = 200
"""Drawn by the seed from those with enough documents."""
SNIPPETS = 5
"""Shown, own test and random test snippets a latent, each from a document of its own."""
CONTEXT_CHARACTERS = 80
"""Before and after the peak token."""
RESAMPLES = 2000
BLOCK = 1024

Embed = Callable[[Sequence[str]], Float[Tensor, "text width"]]
"""Unit-norm sentence embeddings."""


@dataclass(frozen=True)
class Score:
    """Of an SAE's latents."""

    latents: int
    """Scored ones."""
    eligible: int
    """Latents with enough held-out documents, of which the scored ones were drawn."""
    auc: float
    """Mean over the scored latents."""
    low: float
    high: float
    """95 % interval of the mean, bootstrap over latents."""


@dataclass(frozen=True)
class Peaks:
    """The strongest firing of one latent in each document in which it fires, strongest first."""

    tokens: NDArray[np.int64]
    documents: NDArray[np.int64]


def interpretability(coder: Coder, held_out: HeldOut, embed: Embed, *, seed: int, device: str) -> Score | None:
    """None where no latent fires in enough held-out documents."""
    chance = random.Random(seed)
    shown_half = _halves(len(held_out.documents), chance)
    codes = joined([coder.encode(chunk.to(device).float()) for chunk in torch.split(held_out.activations, BLOCK)])
    peaks = peaks_of(codes, held_out.document_of, coder.width)
    eligible = [latent for latent, found in enumerate(peaks) if _enough(found, shown_half, len(held_out.documents))]
    if not eligible:
        return None
    chosen = sorted(chance.sample(eligible, min(LATENTS, len(eligible))))
    values = np.array([_latent_auc(peaks[latent], held_out, shown_half, embed, chance) for latent in chosen])
    low, high = _interval(values, seed)
    return Score(len(chosen), len(eligible), float(values.mean()), low, high)


def peaks_of(codes: Codes, document_of: Tensor, width: int) -> list[Peaks]:
    """Peaks of every latent."""
    tokens, latents, values = codes.tokens.cpu().numpy(), codes.latents.cpu().numpy(), codes.values.cpu().numpy()
    documents = document_of.numpy()[tokens]
    order = np.lexsort((tokens, -values, latents))
    starts = np.searchsorted(latents[order], np.arange(width + 1))
    found = []
    for first, last in pairwise(starts.tolist()):
        mine = order[first:last]
        _, firsts = np.unique(documents[mine], return_index=True)
        mine = mine[np.sort(firsts)]
        found.append(Peaks(tokens[mine], documents[mine]))
    return found


def auc(own: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Chance that one of `own` is above one of `other`; ties count half."""
    differences = own[:, None] - other[None, :]
    return float((differences > 0).mean() + 0.5 * (differences == 0).mean())


def _halves(documents: int, chance: random.Random) -> NDArray[np.bool_]:
    """[document] whether its snippets are shown ones."""
    order = chance.sample(range(documents), documents)
    shown = np.zeros(documents, dtype=np.bool_)
    shown[order[: documents // 2]] = True
    return shown


def _enough(found: Peaks, shown_half: NDArray[np.bool_], documents: int) -> bool:
    shown = int(shown_half[found.documents].sum())
    silent = documents - int(shown_half.sum()) - (len(found.documents) - shown)
    return shown >= SNIPPETS and len(found.documents) - shown >= SNIPPETS and silent >= SNIPPETS


def _latent_auc(
    found: Peaks, held_out: HeldOut, shown_half: NDArray[np.bool_], embed: Embed, chance: random.Random
) -> float:
    is_shown = shown_half[found.documents]
    shown, own = found.tokens[is_shown][:SNIPPETS], found.tokens[~is_shown][:SNIPPETS]
    silent = sorted(set(np.nonzero(~shown_half)[0].tolist()) - set(found.documents.tolist()))
    of_document = held_out.document_of.numpy()
    other = [
        chance.choice(np.nonzero(of_document == document)[0].tolist()) for document in chance.sample(silent, SNIPPETS)
    ]
    vectors = embed([snippet(held_out, int(token)) for token in (*shown, *own, *other)])
    likeness = (vectors @ vectors[: len(shown)].T).mean(dim=1).double().numpy()
    return auc(likeness[len(shown) : -SNIPPETS], likeness[-SNIPPETS:])


def snippet(held_out: HeldOut, token: int) -> str:
    """The text around a token, cut at spaces."""
    text = held_out.documents[int(held_out.document_of[token])].text
    start, end = int(held_out.starts[token]), int(held_out.ends[token])
    before, after = text[max(0, start - CONTEXT_CHARACTERS) : start], text[end : end + CONTEXT_CHARACTERS]
    if start > CONTEXT_CHARACTERS:
        before = before.partition(" ")[2]
    if end + CONTEXT_CHARACTERS < len(text):
        after = after.rpartition(" ")[0]
    return " ".join((before + text[start:end] + after).split())


def _interval(values: NDArray[np.float64], seed: int) -> tuple[float, float]:
    drawn = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)
