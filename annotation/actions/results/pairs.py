"""Rows that say who agrees with whom, and on which latents raters agree least."""

from collections.abc import Iterator, Sequence
from typing import Any

from annotation.actions.results.questions import LEVELS, domain
from annotation.enums import ItemKind
from annotation.models import LatentAgreement, RubricItem
from annotation.science.table import RatingTable
from annotation.science.types import Answer, Undefined
from annotation.science.unit_agreement import unit_agreement


def latent_rows(item: RubricItem, answers: Sequence[Answer]) -> Iterator[LatentAgreement]:
    """One row a latent that somebody has answered for."""
    kind = ItemKind(item.kind)
    table = RatingTable.from_answers(answers, domain(item))
    for unit in unit_agreement(table, LEVELS[kind]):
        yield LatentAgreement(
            item=item.key,
            latent_id=int(unit.unit),
            ratings=unit.n_ratings,
            raw=None if isinstance(unit.raw, Undefined) else unit.raw,
            **_value_or_reason("beyond_chance", unit.beyond_chance),
        )


def _value_or_reason(name: str, value: float | Undefined) -> dict[str, Any]:
    if isinstance(value, Undefined):
        return {name: None, "undefined_reason": value.reason}
    return {name: value, "undefined_reason": ""}
