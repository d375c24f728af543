"""All that the card and the report say about one trained SAE, as plain values."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from saeserve.coders.base import Coder
from saeserve.train.cost import Cost
from saeserve.train.distinct import NEAR, TOP_TOKENS, has_near_duplicate, sharing, top_tokens
from saeserve.train.held_out import HeldOut
from saeserve.train.interpretability import CONTEXT_CHARACTERS, SNIPPETS, Score
from saeserve.train.measure import Measured
from saeserve.train.paired import mean
from saeserve.train.survey import MINIMUM_DOCUMENTS
from saeserve.train.sweep import Candidate, best, criterion

BINS_A_DECADE, LOWEST_POWER = 4, -6
"""The density plot's bins reach from 10^-6 to 1; the outer bins also take what lies beyond them."""


@dataclass(frozen=True)
class Minimum:
    """Latents by the minimum-activation criterion."""

    documents: int
    """Training documents looked at."""
    latents: int
    """Latents that fire in MINIMUM_DOCUMENTS of them at least."""


def held_out_figures(measured: Measured, held_out: HeldOut, width: int) -> dict[str, Any]:
    """Figures on the held-out documents, rounded; without cross-entropies for an encoder."""
    quality = measured.reconstruction
    figures: dict[str, Any] = {
        "documents": len(held_out.documents),
        "tokens": quality.tokens,
        "sinks_dropped": held_out.dropped,
        "fve": round(quality.fve, 4),
        "l0": round(quality.l0, 3),
        "norm_ratio": round(quality.norm_ratio, 4),
        "dead_latents": quality.dead,
        "dead_share": round(quality.dead / width, 5),
    }
    if measured.plain is not None and measured.with_sae is not None and measured.rise is not None:
        figures["ce_tokens"] = sum(one.tokens for one in measured.plain)
        figures |= {"ce": round(mean(measured.plain), 4), "ce_with_sae": round(mean(measured.with_sae), 4)}
        figures |= {"ce_rise": round(measured.rise.mean, 4), "ce_rise_error": round(measured.rise.error, 4)}
    if measured.with_mean is not None:
        figures["ce_with_mean"] = round(mean(measured.with_mean), 4)
    return figures


def density(firings: Int[Tensor, " latent"], tokens: int) -> dict[str, Any]:
    """How many live latents fire on which share of the tokens, in log-spaced bins; `edges` are powers of ten."""
    alive = firings[firings > 0].double() / tokens
    bins = -LOWEST_POWER * BINS_A_DECADE
    places = ((alive.log10() - LOWEST_POWER) * BINS_A_DECADE).floor().long().clamp(0, bins - 1)
    return {
        "edges": [LOWEST_POWER + number / BINS_A_DECADE for number in range(bins + 1)],
        "latents": torch.bincount(places, minlength=bins).tolist(),
        "dead": int((firings == 0).sum()),
        "median": float(f"{float(alive.median()):.3g}") if len(alive) else None,
        "above_tenth": int((alive > 0.1).sum()),
    }


def distinctness(coder: Coder, held_out: HeldOut, firings: Tensor, *, device: str) -> dict[str, Any]:
    """Near-duplicate directions and shared top tokens, among latents that fire on held-out tokens."""
    alive = torch.nonzero(firings > 0).squeeze(1)
    near = int(has_near_duplicate(coder.decoder[alive.to(coder.decoder.device)]).sum()) if len(alive) > 1 else 0
    tops = top_tokens(coder, held_out, device=device)
    shared = sharing(tops)
    return {
        "live_latents": len(alive),
        "near_duplicate_above": NEAR,
        "near_duplicates": near,
        "near_duplicate_share": _share(near, len(alive)),
        "top_tokens": TOP_TOKENS,
        "with_top_tokens": len(tops),
        "sharing_top_tokens": shared,
        "sharing_share": _share(shared, len(tops)),
    }


def minimum_activation(minimum: Minimum, width: int) -> dict[str, Any]:
    return {
        "documents_needed": MINIMUM_DOCUMENTS,
        "documents": minimum.documents,
        "latents": minimum.latents,
        "share": _share(minimum.latents, width),
    }


def scored(score: Score | None, reason: str, scorer: str) -> dict[str, Any]:
    """The interpretability score, or why there is none."""
    if score is None:
        return {"reason": reason}
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(score).items()}
    return {**rounded, "scorer": scorer, "snippets": SNIPPETS, "context_characters": CONTEXT_CHARACTERS}


def swept(candidates: list[Candidate], l0_limit: float) -> dict[str, Any] | None:
    """The table of a sweep; None without one."""
    if not candidates:
        return None
    kept = best(candidates, l0_limit=l0_limit)
    return {
        "criterion": criterion(l0_limit),
        "candidates": [{**_tried(candidate), "kept": candidate is kept} for candidate in candidates],
    }


def _tried(candidate: Candidate) -> dict[str, Any]:
    quality, rise = candidate.measured.reconstruction, candidate.measured.rise
    return {
        "recipe": candidate.recipe.label,
        "epochs": candidate.recipe.epochs,
        "tokens": candidate.tokens,
        "fve": round(quality.fve, 4),
        "l0": round(quality.l0, 2),
        "dead": quality.dead,
        "ce_rise": None if rise is None else round(rise.mean, 4),
        "ce_rise_error": None if rise is None else round(rise.error, 4),
        "seconds": round(candidate.seconds),
    }


def costs(cost: Cost) -> dict[str, Any]:
    """The estimate and all that it rests on."""
    estimate = {"kwh": cost.kwh, "co2_grams": cost.co2_grams, "money": cost.money}
    return {**asdict(cost), "seconds": round(cost.seconds), **{name: float(f"{v:.3g}") for name, v in estimate.items()}}


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
