"""Several recipes on the same tokens, and the rule by which one of them is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

from saeserve.train.measure import Measured
from saeserve.train.paired import difference
from saeserve.train.recipe import BadRecipe, Recipe

SAME_WITHIN = 2.0
"""Standard errors of a difference within which two rises of cross-entropy are not told apart."""
SAME_FVE = 0.002
"""Fractions of variance explained closer than this count as equal."""
SWEPT = ("architecture", "width", "k", "l1")
READERS: Mapping[str, type] = {"architecture": str, "width": int, "k": int, "l1": float}


@dataclass(frozen=True)
class Candidate:
    """A recipe that was tried."""

    recipe: Recipe
    tokens: int
    measured: Measured
    """On held-out documents."""
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
    within = [candidate for candidate in candidates if candidate.measured.reconstruction.l0 <= l0_limit]
    if not within:
        return min(candidates, key=lambda candidate: candidate.measured.reconstruction.l0)
    least = min(within, key=lambda candidate: candidate.measured.rise.mean if candidate.measured.rise else 0.0)
    equal = [candidate for candidate in within if _as_good(candidate.measured, least.measured)]
    highest = max(candidate.measured.reconstruction.fve for candidate in equal)
    equal = [candidate for candidate in equal if candidate.measured.reconstruction.fve > highest - SAME_FVE]
    return min(equal, key=lambda one: (one.measured.reconstruction.dead, -one.measured.reconstruction.fve))


def criterion(l0_limit: float) -> str:
    """The rule in words."""
    return (
        f"Of the SAEs of which at most {l0_limit:g} latents fire on a token (L0), the one that raises the model's "
        f"next-token cross-entropy least; rises that lie within {SAME_WITHIN:g} standard errors of their difference "
        "count as equal, and the highest fraction of variance explained decides between them, as it does for an "
        f"encoder; where that differs by less than {SAME_FVE:g}, the fewest latents that never fire on held-out text. "
        "Where all are above that L0, the one with the lowest."
    )


def _as_good(one: Measured, least: Measured) -> bool:
    if one.with_sae is None or least.with_sae is None:
        return True
    apart = difference(one.with_sae, least.with_sae)
    return apart.mean <= SAME_WITHIN * apart.error


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
