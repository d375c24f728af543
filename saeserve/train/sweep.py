"""Several recipes on the same tokens, and the rule by which one of them is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

from saeserve.train.recipe import BadRecipe, Recipe

SAME_RISE = 0.001
"""Nats: rises of cross-entropy closer than this are not told apart on the tokens measured."""
SWEPT = ("architecture", "width", "k", "l1")
READERS: Mapping[str, type] = {"architecture": str, "width": int, "k": int, "l1": float}


@dataclass(frozen=True)
class Candidate:
    """A recipe that was tried, with its figures on held-out documents."""

    recipe: Recipe
    tokens: int
    fve: float
    l0: float
    dead: int
    ce_rise: float | None
    """None for an encoder."""
    seconds: float
    """Of training."""


def recipes(base: Recipe, lists: Sequence[str]) -> tuple[Recipe, ...]:
    """All combinations of lists such as `k=16,32`, the rest as in `base`; those that come to the same count once.

    Raises BadRecipe.
    """
    swept = dict(_values(text) for text in lists)
    found: dict[Recipe, None] = {}
    for values in product(*swept.values()):
        found[_without_unused(replace(base, **dict(zip(swept, values, strict=True))), base)] = None
    return tuple(found)


def best(candidates: Sequence[Candidate], *, l0_limit: float) -> Candidate:
    """The one that `criterion` describes."""
    within = [candidate for candidate in candidates if candidate.l0 <= l0_limit]
    if not within:
        return min(candidates, key=lambda candidate: candidate.l0)
    rises = [candidate.ce_rise for candidate in within if candidate.ce_rise is not None]
    if len(rises) == len(within):
        within = [candidate for candidate in within if (candidate.ce_rise or 0.0) < min(rises) + SAME_RISE]
    return max(within, key=lambda candidate: candidate.fve)


def criterion(l0_limit: float) -> str:
    """The rule in words."""
    return (
        f"Of the SAEs of which at most {l0_limit:g} latents fire on a token (L0), the one that raises the model's "
        f"next-token cross-entropy least; rises within {SAME_RISE:g} nats of the least count as equal, and the highest "
        "fraction of variance explained decides between them, as it does for an encoder. Where all are above that L0, "
        "the one with the lowest."
    )


def _values(text: str) -> tuple[str, list[Any]]:
    name, _, listed = text.partition("=")
    if name not in SWEPT or not listed:
        raise BadRecipe(f"--sweep {text!r} is not understood; write {', '.join(f'{name}=...' for name in SWEPT)}.")
    try:
        return name, [READERS[name](value) for value in listed.split(",")]
    except ValueError as error:
        raise BadRecipe(f"--sweep {text!r} holds a value that is no number; separate numbers by commas.") from error


def _without_unused(recipe: Recipe, base: Recipe) -> Recipe:
    """k means nothing to relu, and l1 only to relu."""
    unused = "k" if recipe.architecture == "relu" else "l1"
    return replace(
        recipe, **{field.name: getattr(base, field.name) for field in fields(Recipe) if field.name == unused}
    )
