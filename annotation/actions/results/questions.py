"""What is asked of a study's ratings: answers to one item over one scope, and the questions that consensus settles."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from annotation.enums import ItemKind
from annotation.models import RubricItem
from annotation.queries.rating_records import RatingRecord, answers_for, science_item
from annotation.science.distance import Level
from annotation.science.members import YES_OR_NO, answers_by_member
from annotation.science.types import Answer, Item, Value

LEVELS: dict[ItemKind, Level] = {
    ItemKind.CONCEPT: "nominal",
    ItemKind.NOMINAL: "nominal",
    ItemKind.ORDINAL: "ordinal",
    ItemKind.CONFIDENCE: "ordinal",
    ItemKind.FLAGS: "sets",
}
"""Free text is not among them: words that nobody was asked to choose among agree by chance of wording alone."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One thing that consensus is sought on: a rubric item, or one flag of it."""

    key: str
    item: Item
    answers: tuple[Answer, ...]


def questions(item: RubricItem, records: Iterable[RatingRecord]) -> Iterator[Question]:
    """What consensus is computed on: each item once, flags once a flag, confidence and free text not at all."""
    given = list(records)
    for key in question_keys(item):
        yield question(item, key, given)


def question_keys(item: RubricItem) -> tuple[str, ...]:
    if item.kind in (ItemKind.CONFIDENCE, ItemKind.TEXT):
        return ()
    if item.kind != ItemKind.FLAGS:
        return (item.key,)
    return tuple(f"{item.key}-{option['value']}" for option in item.options)


def question(item: RubricItem, key: str, records: Sequence[RatingRecord]) -> Question:
    """One of the item's questions with its answers."""
    if item.kind != ItemKind.FLAGS:
        return Question(key=key, item=science_item(item), answers=tuple(answers_for(item, records)))
    member = key.removeprefix(f"{item.key}-")
    members = [option["value"] for option in item.options]
    given = answers_by_member(answers_for(item, records, flag=member), members)[member]
    return Question(key=key, item=YES_OR_NO, answers=given)


def domain(item: RubricItem) -> list[Value] | None:
    """The item's classes in order; None where raters may name what they like."""
    closed = item.kind not in (ItemKind.CONCEPT, ItemKind.FLAGS)
    return list(science_item(item).classes) if closed else None
