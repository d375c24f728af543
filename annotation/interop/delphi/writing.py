"""A release as explanations that delphi's scorers read: `<hook point>_latent<index>.txt`, a JSON string each.

One folder a point of view: `consensus`, `decisions` where there are any, and one for each rater's pseudonym. Any of
them, copied to `results/<name>/explanations`, is scored by `python -m delphi … --explainer none`.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from annotation.interop.released import Released, Row, leaders, slug
from annotation.interop.unreadable import Unreadable

HOOK_POINT = re.compile(r"[A-Za-z0-9_.-]{1,100}")
PREFIXES = ("model.language_model.", "model.", "transformer.", "gpt_neox.")
"""In front of a hook point's name in transformers; delphi names it from the model's own base."""


def hook_point_for_delphi(hook_point: str) -> str:
    """As delphi names a place in the model: `model.layers.15` is `layers.15`."""
    for prefix in PREFIXES:
        if hook_point.startswith(prefix):
            return hook_point.removeprefix(prefix)
    return hook_point


def write_explanations(folder: Path, released: Released, hook_point: str) -> dict[str, int]:
    """Fill the empty folder; returns files by folder. Raises Unreadable where the hook point is no name for a file."""
    if not HOOK_POINT.fullmatch(hook_point):
        raise Unreadable(
            f"“{hook_point}” is no name that delphi gives a hook point. Name the folder of its latent cache, such as "
            "layers.15."
        )
    written: dict[str, dict[int, str]] = {}
    for who, latent, text in _all(released):
        if text.strip():
            written.setdefault(who, {})[latent] = text
    for who, texts in written.items():
        place = folder / who / "explanations"
        place.mkdir(parents=True)
        for latent, text in texts.items():
            content = json.dumps(text, ensure_ascii=False)
            (place / f"{hook_point}_latent{latent}.txt").write_text(content, encoding="utf-8")
    return {who: len(texts) for who, texts in written.items()}


def _all(released: Released) -> Iterator[tuple[str, int, str]]:
    """(folder, latent, text); the last of a rater's answers to a latent holds."""
    item = released.concept_item
    for latent, items in released.distributions().items():
        yield "consensus", latent, " or ".join(leaders(items.get(item, [])))
    for latent, decision in released.decisions().items():
        if decision["concept"]:
            yield "decisions", latent, _said(decision["concept"], decision)
    for rating in released.ratings():
        yield f"rater-{slug(rating['rater'])}", rating["latent"], _said(rating["concept"] or "", rating)


def _said(concept: str, row: Row) -> str:
    """The concept, then why: a scorer is asked whether a text holds this."""
    return ". ".join(part.strip().rstrip(".") for part in (concept, row["rationale"] or "") if part.strip())
