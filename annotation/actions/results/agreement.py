"""Rows of agreement on one item over one scope: alpha, Gwet's coefficient and raw agreement, each with its interval or
its reason. Raters with each other; on latents that came back, each with herself.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from annotation.actions.results.questions import LEVELS, domain
from annotation.enums import ItemKind
from annotation.models import Agreement, RubricItem
from annotation.rules.scopes import ALL, BETWEEN, RETEST, Scope
from annotation.science.alpha import alpha
from annotation.science.between_groups import alpha_between
from annotation.science.gwet import Weights, gwet
from annotation.science.hierarchy import concept_distances
from annotation.science.raw_agreement import raw_agreement
from annotation.science.retest import retest_agreement
from annotation.science.table import RatingTable
from annotation.science.types import Answer, Estimate, Undefined

REPLICATES = 2000
ORDERED = (ItemKind.ORDINAL, ItemKind.CONFIDENCE)
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
    if scope.kind == RETEST:
        yield from _retest_rows(item, kind, answers, scope, seed)
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
        weights: Weights = "ordinal" if kind in ORDERED else "identity"
        yield _row(item, scope, _gwets(kind), level, gwet(table, weights, seed=seed, replicates=REPLICATES), table)
    yield _row(item, scope, "raw", level, raw_agreement(table, seed=seed, replicates=REPLICATES), table)


def _retest_rows(
    item: RubricItem, kind: ItemKind, answers: Sequence[Answer], scope: Scope, seed: int
) -> Iterator[Agreement]:
    """All raters' repeats together. n counts latents, readings of pairs and raters who have read one again."""
    level = LEVELS[kind]
    found = retest_agreement(answers, level, seed=seed, replicates=REPLICATES, domain=domain(item))
    everyone = found.everyone
    coefficients = [("alpha", everyone.alpha), ("raw", everyone.raw)]
    if kind != ItemKind.FLAGS:
        coefficients.insert(1, (_gwets(kind), everyone.gwet))
    known = [(answer.latent, answer.rater) for answer in answers if answer.value is not None]
    again = {pair for pair, times in Counter(known).items() if times > 1}
    for coefficient, estimate in coefficients:
        row = Agreement(item=item.key, scope=str(scope), coefficient=coefficient, level=level)
        _say(row, estimate)
        row.units, row.ratings = len({latent for latent, _ in again}), 2 * everyone.n_pairs
        row.raters = len(found.raters)
        yield row


def _gwets(kind: ItemKind) -> str:
    return "ac2" if kind in ORDERED else "ac1"


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
    _say(row, estimate)
    if isinstance(estimate, Undefined):
        row.units, row.ratings, row.raters = len(table.units), int((table.codes >= 0).sum()), len(table.raters)
    else:
        row.units, row.ratings, row.raters = estimate.n_units, estimate.n_ratings, estimate.n_raters
    return row


def _say(row: Agreement, estimate: Estimate | Undefined) -> None:
    if isinstance(estimate, Undefined):
        row.undefined_reason = estimate.reason
        return
    row.value, row.low, row.high = estimate.value, estimate.low, estimate.high
    row.interval_reason = estimate.interval_reason
