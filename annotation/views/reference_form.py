"""The panel's form: shares in per cent for each question about one latent, with a reason and the rubric's clause."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from annotation.actions.references import GivenReference
from annotation.models import Reference, RubricItem
from annotation.rules.answers import CONCEPT_LIMIT, RATIONALE_LIMIT
from annotation.rules.referenced_items import NO, NOT_CLINICAL, YES, ReferencedItem, referenced_items

CONCEPTS = 5
"""Concepts that the panel may accept on one latent, beside “not clinical”."""


@dataclass(frozen=True, kw_only=True)
class ShareField:
    """One share to enter."""

    name: str
    answer: str
    label: str
    share: str
    """Per cent, as it was written."""
    concept_name: str = ""
    """Name of the field for a concept's own name; empty where the answer is given."""


@dataclass(frozen=True, kw_only=True)
class ReferenceQuestion:
    """One rubric item as the panel answers it: every flag of a set is a line of its own."""

    item: str
    question: str
    help: str
    fields: tuple[ShareField, ...]
    sums: bool
    """The shares add to 100; those of flags do not."""
    required: bool
    why: str
    clause: str
    error: str
    limit: int = RATIONALE_LIMIT
    concept_limit: int = CONCEPT_LIMIT


@dataclass(frozen=True, kw_only=True)
class WrittenReference:
    """What came back from the browser: text by field name, NUL bytes taken out."""

    written: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        return self.written.get(name, "")


def as_written(items: Sequence[RubricItem], rows: Iterable[Reference]) -> WrittenReference:
    """The form as it was when one person set these rows: what a correction begins with."""
    written: dict[str, str] = {}
    questions = {question.key: question for question in referenced_items(items)}
    for row in rows:
        question = questions.get(row.item)
        if question is None:
            continue
        written |= _written_shares(question, row.distribution)
        written |= {f"why-{question.item}": row.rationale, f"clause-{question.item}": row.clause}
    return WrittenReference(written=written)


def _written_shares(question: ReferencedItem, distribution: Mapping[str, float]) -> dict[str, str]:
    shares = {answer: f"{100 * share:.6g}" for answer, share in distribution.items()}
    if not question.is_concept:
        return {_name(question, answer): share for answer, share in shares.items()}
    concepts = [(answer, share) for answer, share in shares.items() if answer != NOT_CLINICAL]
    written = {_name(question, NOT_CLINICAL): shares[NOT_CLINICAL]} if NOT_CLINICAL in shares else {}
    for number, (answer, share) in enumerate(concepts, start=1):
        written |= {f"concept-{number}": answer, _name(question, str(number)): share}
    return written


def read_reference(post: QueryDict) -> WrittenReference:
    return WrittenReference(written={name: str(value).replace("\x00", "").strip() for name, value in post.items()})


def reference_questions(
    items: Sequence[RubricItem], written: WrittenReference, problems: Mapping[str, str]
) -> tuple[ReferenceQuestion, ...]:
    """The form with what was entered so far, and a sentence at each question that has a problem."""
    by_item: dict[str, list[ReferencedItem]] = {}
    for question in referenced_items(items):
        by_item.setdefault(question.item, []).append(question)
    described = {item.key: item for item in items}
    return tuple(
        ReferenceQuestion(
            item=key,
            question=described[key].question,
            help=described[key].help,
            fields=tuple(line for question in questions for line in _fields(question, written)),
            sums=not _is_flag(questions[0]),
            required=questions[0].is_concept,
            why=written.of(f"why-{key}"),
            clause=written.of(f"clause-{key}"),
            error=problems.get(key, ""),
        )
        for key, questions in by_item.items()
    )


def _fields(question: ReferencedItem, written: WrittenReference) -> list[ShareField]:
    if question.is_concept:
        rows = [_concept_field(question, number, written) for number in range(1, CONCEPTS + 1)]
        return [*rows, _share(question, NOT_CLINICAL, "Not clinical", written)]
    if _is_flag(question):
        return [_share(question, YES, question.flag_label, written)]
    return [_share(question, answer, label, written) for answer, label in question.options]


def _is_flag(question: ReferencedItem) -> bool:
    return bool(question.flag_label)


def _name(question: ReferencedItem, answer: str) -> str:
    return f"share-{question.key}-{answer.replace(' ', '-')}"


def _share(question: ReferencedItem, answer: str, label: str, written: WrittenReference) -> ShareField:
    name = _name(question, answer)
    return ShareField(name=name, answer=answer, label=label, share=written.of(name))


def _concept_field(question: ReferencedItem, number: int, written: WrittenReference) -> ShareField:
    name, concept = _name(question, str(number)), f"concept-{number}"
    return ShareField(
        name=name, answer=written.of(concept), label=f"Concept {number}", share=written.of(name), concept_name=concept
    )


def given_references(items: Sequence[RubricItem], written: WrittenReference) -> dict[str, GivenReference]:
    """What was entered, by key of rules.referenced_items, for actions.references. Questions left empty are left out."""
    given: dict[str, GivenReference] = {}
    flags_set = {
        question.item
        for question in referenced_items(items)
        if _is_flag(question) and any(line.share for line in _fields(question, written))
    }
    for question in referenced_items(items):
        shares = _shares(question, written, all_flags=question.item in flags_set)
        if shares:
            given[question.key] = GivenReference(
                shares=shares,
                rationale=written.of(f"why-{question.item}"),
                clause=written.of(f"clause-{question.item}"),
            )
    return given


def _shares(question: ReferencedItem, written: WrittenReference, *, all_flags: bool) -> dict[str, float]:
    lines = _fields(question, written)
    if _is_flag(question):
        if not all_flags:
            return {}
        yes = _share_of(lines[0].share)
        return {YES: yes, NO: 1 - yes}
    shares: dict[str, float] = {}
    for line in lines:
        share = _share_of(line.share)
        answer = " ".join(line.answer.split())  # Empty for a concept without a name: refused with its own sentence.
        if share or (question.is_concept and line.concept_name and answer):
            shares[answer] = shares.get(answer, 0.0) + share
    return shares


def _share_of(written: str) -> float:
    """0 to 1 from per cent; what is no number is a share that no rule accepts."""
    if not written:
        return 0.0
    try:
        share = float(written.replace(",", ".").removesuffix("%").strip()) / 100
    except ValueError:
        return -1.0
    return share if math.isfinite(share) else -1.0
