"""Rows that say who agrees with whom, and on which latents raters agree least."""

from collections.abc import Iterator, Sequence
from typing import Any

from annotation.actions.results.questions import LEVELS, domain
from annotation.enums import ItemKind
from annotation.models import LatentAgreement, PairAgreement, RubricItem
from annotation.science.pairwise import pairwise_kappa
from annotation.science.table import RatingTable
from annotation.science.types import Answer, Undefined
from annotation.science.unit_agreement import unit_agreement


def pair_rows(item: RubricItem, answers: Sequence[Answer]) -> Iterator[PairAgreement]:
    """One row a pair of raters."""
    kind = ItemKind(item.kind)
    table = RatingTable.from_answers(answers, domain(item))
    for pair in pairwise_kappa(table, LEVELS[kind]):
        yield PairAgreement(
            item=item.key,
            first=pair.first,
            second=pair.second,
            latents=pair.n,
            raw=None if isinstance(pair.raw, Undefined) else pair.raw,
            **_value_or_reason("kappa", pair.kappa),
        )


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
