"""Rows of agreement on one item over one scope: alpha, Gwet's coefficient and raw agreement, each with its interval or
its reason.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from annotation.actions.results.questions import LEVELS, domain
from annotation.enums import ItemKind
from annotation.models import Agreement, RubricItem
from annotation.rules.scopes import ALL, BETWEEN, Scope
from annotation.science.alpha import alpha
from annotation.science.between_groups import alpha_between
from annotation.science.gwet import Weights, gwet
from annotation.science.hierarchy import concept_distances
from annotation.science.raw_agreement import raw_agreement
from annotation.science.table import RatingTable
from annotation.science.types import Answer, Estimate, Undefined

REPLICATES = 2000
EVERYTHING = Scope(kind=ALL)


def agreement_rows(
    item: RubricItem,
    answers: Sequence[Answer],
    *,
    seed: int,
    scope: Scope = EVERYTHING,
    broader: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[Agreement]:
    """Of the scope's answers to the item; none on free text. Between institutions there is alpha alone.

    broader: by concept, those right above it. Where there are any, alpha is given a second time, with a broader or
    narrower concept counting as a near miss.
    """
    kind = ItemKind(item.kind)
    if kind not in LEVELS:
        return
    level, table = LEVELS[kind], RatingTable.from_answers(answers, domain(item))
    agreement = _between(answers) if scope.kind == BETWEEN else alpha
    yield _row(item, scope, "alpha", level, agreement(table, level=level, seed=seed, replicates=REPLICATES), table)
    if kind == ItemKind.CONCEPT and broader:
        distances = concept_distances(table.values, {name: frozenset(above) for name, above in broader.items()})
        near = agreement(table, level="hierarchy", seed=seed, replicates=REPLICATES, distances=distances)
        yield _row(item, scope, "alpha", "hierarchy", near, table)
    if scope.kind == BETWEEN:
        return
    if kind != ItemKind.FLAGS:
        ordered = kind in (ItemKind.ORDINAL, ItemKind.CONFIDENCE)
        weights: Weights = "ordinal" if ordered else "identity"
        name = "ac2" if ordered else "ac1"
        yield _row(item, scope, name, level, gwet(table, weights, seed=seed, replicates=REPLICATES), table)
    yield _row(item, scope, "raw", level, raw_agreement(table, seed=seed, replicates=REPLICATES), table)


def _between(answers: Sequence[Answer]) -> Callable[..., Estimate | Undefined]:
    """Alpha over pairs of raters from different institutions. Of one who moved, the institution that she came to."""
    return partial(alpha_between, group_of={answer.rater: answer.institution for answer in answers})


def _row(
    item: RubricItem,
    scope: Scope,
    coefficient: str,
    level: str,
    estimate: Estimate | Undefined,
    table: RatingTable,
) -> Agreement:
    row = Agreement(item=item.key, scope=str(scope), coefficient=coefficient, level=level)
    if isinstance(estimate, Undefined):
        row.undefined_reason = estimate.reason
        row.units, row.ratings, row.raters = len(table.units), int((table.codes >= 0).sum()), len(table.raters)
        return row
    row.value, row.low, row.high = estimate.value, estimate.low, estimate.high
    row.interval_reason = estimate.interval_reason
    row.units, row.ratings, row.raters = estimate.n_units, estimate.n_ratings, estimate.n_raters
    return row
