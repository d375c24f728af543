"""Which questions of a rubric a panel gives a reference for, and what a rating answers to each of them.

The concept, every choice and every scale is one question; a set of flags is one yes-or-no question a flag, as in the
statistics. Confidence is about the rater and free text has no options: neither has a reference.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from annotation.enums import ItemKind, Outcome
from annotation.models import RubricItem

NOT_CLINICAL = "not clinical"
"""The class of the concept and of choices for a latent that is not clinical (queries.rating_records)."""
YES, NO = "yes", "no"


@dataclass(frozen=True, kw_only=True)
class ReferencedItem:
    """One question that references are set for."""

    key: str
    """The item's key, or `<key>-<flag>`."""
    item: str
    kind: ItemKind
    question: str
    options: tuple[tuple[str, str], ...]
    """(answer, label) in the rubric's order; empty for the concept."""
    flag_label: str = ""
    """The flag's own words; empty where it is none."""

    @property
    def is_concept(self) -> bool:
        return self.kind == ItemKind.CONCEPT

    def label(self, answer: str) -> str:
        return dict(self.options).get(answer, answer)

    def classes(self, reference: Mapping[str, float]) -> int:
        """How many answers there are: for the concept those that the reference names, and one for all others."""
        return len(reference) + 1 if self.is_concept else len(self.options)


def referenced_items(items: Iterable[RubricItem]) -> tuple[ReferencedItem, ...]:
    """In the rubric's order."""
    return tuple(question for item in items for question in _questions(item))


def _questions(item: RubricItem) -> tuple[ReferencedItem, ...]:
    kind = ItemKind(item.kind)
    options = tuple((str(option["value"]), str(option["label"])) for option in item.options)
    if kind == ItemKind.CONCEPT:
        return (_question(item, item.key, item.question, ()),)
    if kind == ItemKind.NOMINAL:
        return (_question(item, item.key, item.question, (*options, (NOT_CLINICAL, "Not clinical"))),)
    if kind == ItemKind.ORDINAL:
        points = tuple((value, f"{value}: {label}") for value, label in options)
        return (_question(item, item.key, item.question, points),)
    if kind == ItemKind.FLAGS:
        return tuple(
            ReferencedItem(
                key=f"{item.key}-{flag}",
                item=item.key,
                kind=kind,
                question=f"{item.question} {label}",
                options=((YES, "Yes"), (NO, "No")),
                flag_label=label,
            )
            for flag, label in options
        )
    return ()


def _question(item: RubricItem, key: str, words: str, options: tuple[tuple[str, str], ...]) -> ReferencedItem:
    return ReferencedItem(key=key, item=item.key, kind=ItemKind(item.kind), question=words, options=options)


def given_answers(
    questions: Iterable[ReferencedItem], *, outcome: str, concept: str, values: Mapping[str, Any]
) -> dict[str, str | None]:
    """What a rating says to each question. None is "cannot tell"; a question that it was not asked is left out."""
    return {
        question.key: answer for question in questions for answer in _given(question, Outcome(outcome), concept, values)
    }


def _given(question: ReferencedItem, outcome: Outcome, concept: str, values: Mapping[str, Any]) -> list[str | None]:
    """No answer, or one."""
    if outcome == Outcome.CANNOT_TELL:
        return [None]
    if outcome == Outcome.NOT_CLINICAL:
        return [NOT_CLINICAL] if question.kind in (ItemKind.CONCEPT, ItemKind.NOMINAL) else []
    if question.is_concept:
        return [concept]
    if question.item not in values or values[question.item] is None:
        return []
    value = values[question.item]
    if question.kind == ItemKind.FLAGS:
        return [YES if question.key.removeprefix(f"{question.item}-") in map(str, value) else NO]
    return [str(value)]
