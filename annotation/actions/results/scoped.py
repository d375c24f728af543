"""Which scopes a study's ratings have, and the answers to an item that belong to one of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from annotation.enums import ItemKind
from annotation.models import RubricItem
from annotation.queries.rating_records import RatingRecord, answers_of
from annotation.queries.result_inputs import Inputs
from annotation.rules.scopes import (
    ALL,
    AS_TYPED,
    BETWEEN,
    CALIBRATION,
    INSTITUTION,
    RETEST,
    ROUND,
    SPECIALTY,
    VERSION,
    Scope,
    asks,
)
from annotation.science.types import Answer

Given = Sequence[tuple[RatingRecord, Answer]]


def scopes_of(inputs: Inputs, item: RubricItem) -> list[Scope]:
    """Those that hold a rating. None for free text; `as-typed` only once a merge has changed somebody's concept."""
    if item.kind == ItemKind.TEXT:
        return []
    counted, gave_way = inputs.counted, _of_the_sample(inputs.records)
    institutions = sorted({record.institution for record in counted})
    found = [Scope(kind=ALL)] if counted else []
    found += [Scope(kind=AS_TYPED)] if any(record.concept != record.typed for record in counted) else []
    found += _numbered(VERSION, {record.version for record in gave_way})
    found += _numbered(ROUND, {record.round_number for record in gave_way})
    if len(institutions) > 1:
        found += [Scope(kind=BETWEEN), *(Scope(kind=INSTITUTION, which=code) for code in institutions)]
    found += [Scope(kind=RETEST)] if any(record.reading > 1 for record in counted) else []
    rated = {record.latent for record in counted}
    homes = {name for latent, name in inputs.specialties.items() if latent in rated}
    found += [Scope(kind=SPECIALTY, which=name) for name in sorted(homes)]
    found += _numbered(CALIBRATION, {r.calibration_set for r in inputs.records if r.calibration_set is not None})
    unique = {str(scope): scope for scope in found if asks(scope, ItemKind(item.kind))}
    return list(unique.values())


def _numbered(kind: str, numbers: Iterable[int]) -> list[Scope]:
    return [Scope(kind=kind, which=str(number)) for number in sorted(numbers)]


def _of_the_sample(records: Iterable[RatingRecord]) -> list[RatingRecord]:
    """Those that count, and those that gave way to answers under a newer rubric version."""
    return [record for record in records if record.calibration_set is None]


def scoped_answers(
    inputs: Inputs, item: RubricItem, scope: Scope, given: Given | None = None
) -> tuple[RubricItem, list[Answer]]:
    """The scope's answers, first readings within it; and the item as they were asked it, which is another version's
    for a scope of an earlier version that asked it. given: the answers of all records, where they are known.
    """
    if scope.kind == AS_TYPED:
        given = answers_of(item, [replace(record, concept=record.typed) for record in inputs.counted])
    elif scope.kind == VERSION:
        item = _as_asked(inputs, item, scope)
        given = answers_of(item, inputs.records) if item.version_id != inputs.rubric else given
    belongs = _belongs(inputs, scope)
    pairs = answers_of(item, inputs.records) if given is None else given
    return item, _first_within(answer for record, answer in pairs if belongs(record))


def _as_asked(inputs: Inputs, item: RubricItem, scope: Scope) -> RubricItem:
    """The item of the scope's own version, where that asked it."""
    versions = {record.rubric for record in inputs.records if record.version == scope.number}
    if versions <= {item.version_id}:
        return item
    return RubricItem.objects.filter(version__in=versions, key=item.key, kind=item.kind).first() or item


def _belongs(inputs: Inputs, scope: Scope) -> Callable[[RatingRecord], bool]:
    """Whether a record is of the scope."""
    which = scope.which
    if scope.kind == VERSION:
        return lambda record: record.calibration_set is None and record.version == scope.number
    if scope.kind == ROUND:
        return lambda record: record.calibration_set is None and record.round_number == scope.number
    if scope.kind == CALIBRATION:
        return lambda record: record.calibration_set == scope.number
    if scope.kind == INSTITUTION:
        return lambda record: record.counts and record.institution == which
    if scope.kind == SPECIALTY:
        # A long name is cut in a stored scope: latents are compared with what was stored.
        home = {
            latent
            for latent, name in inputs.specialties.items()
            if str(Scope(kind=SPECIALTY, which=name)) == str(scope)
        }
        return lambda record: record.counts and record.latent in home
    return lambda record: record.counts


def _first_within(answers: Iterable[Answer]) -> list[Answer]:
    """A rater's second reading may be her first in this scope: readings are counted anew, in their order."""
    found: dict[tuple[str, str], int] = {}
    numbered = []
    for answer in answers:
        key = (answer.latent, answer.rater)
        found[key] = found.get(key, 0) + 1
        numbered.append(answer if answer.reading == found[key] else replace(answer, reading=found[key]))
    return numbered
