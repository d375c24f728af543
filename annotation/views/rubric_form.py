"""A rubric as a form: its questions with their keys, and what came back from the browser."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from django.http import QueryDict

from annotation.enums import ItemKind, Outcome
from annotation.models import RubricItem
from annotation.rules.answers import CONCEPT_LIMIT, RATIONALE_LIMIT, TEXT_LIMIT
from annotation.rules.rubric_item import SCALES
from annotation.views.rating_keys import SHEET_LETTERS

CANNOT_TELL_KEY, NOT_CLINICAL_KEY, RATIONALE_KEY = "t", "n", "r"
PAGE_KEYS = SHEET_LETTERS | {CANNOT_TELL_KEY, NOT_CLINICAL_KEY, RATIONALE_KEY}
"""Letters that the rating page keeps for itself: answers of one key, evidence, snippets, and what lies around them."""
LONGEST_ACTIVE_SECONDS = 24 * 60 * 60.0


@dataclass(frozen=True, kw_only=True)
class Question:
    """One rubric item as its template draws it."""

    name: str
    kind: str
    key: str
    """The letter that jumps to it."""
    legend: str
    help: str
    required: bool
    options: tuple[dict[str, Any], ...]
    """{value, label, help, key}; the key is a digit."""
    value: Any
    """What is chosen or written; a list where several may be chosen."""
    error: str
    examples: tuple[dict[str, str], ...] = ()
    """Worked examples: {text, answer, why}, the answer in the option's words where it names one."""
    when: str = ""
    """`name=value|value` of the earlier answer after which it is asked (static/js/when.js); empty: always."""
    asked_after: str = ""
    """The same in words."""

    @property
    def limit(self) -> int:
        """Most characters of an answer in words."""
        return TEXT_LIMIT if self.kind == ItemKind.TEXT else CONCEPT_LIMIT

    @property
    def kind_label(self) -> str:
        return str(ItemKind(self.kind).label)

    @property
    def scale(self) -> bool:
        return self.kind in SCALES

    @property
    def options_summary(self) -> str:
        return f"{len(self.options)} {'points' if self.scale else 'options'}"

    @property
    def points_summary(self) -> str:
        return f"What each point means{', with examples' if self.examples else ''}"

    @property
    def points(self) -> list[dict[str, Any]]:
        """A scale's points: {value, anchor}."""
        return [{"value": option["value"], "anchor": option["label"]} for option in self.options]


@dataclass(frozen=True, kw_only=True)
class RubricForm:
    questions: tuple[Question, ...]
    rationale: str
    rationale_error: str
    outcome_error: str
    active_seconds: float
    rationale_limit: int = RATIONALE_LIMIT


def rubric_form(
    items: Sequence[RubricItem], answers: Mapping[str, Any], problems: Mapping[str, str] | None = None
) -> RubricForm:
    """The form with what was entered so far, and a sentence at each field that has a problem."""
    told = problems or {}
    letters = key_letters(item.key for item in items)
    by_key = {item.key: item for item in items}
    return RubricForm(
        questions=tuple(_question(item, letters[item.key], answers, told, by_key) for item in items),
        rationale=str(answers.get("rationale") or ""),
        rationale_error=told.get("rationale", ""),
        outcome_error=told.get("outcome", ""),
        active_seconds=read_seconds(answers.get("active_seconds")) or 0,
    )


def _question(
    item: RubricItem,
    key: str,
    answers: Mapping[str, Any],
    problems: Mapping[str, str],
    by_key: Mapping[str, RubricItem],
) -> Question:
    value = answers.get(item.key)
    if item.kind == ItemKind.FLAGS:
        value = [str(chosen) for chosen in value] if isinstance(value, list) else []
    condition = item.condition or {}
    return Question(
        name=item.key,
        kind=item.kind,
        key=key,
        legend=item.question,
        help=item.help,
        required=item.required,
        options=tuple(
            {**option, "key": str(number) if number < 10 else ""} for number, option in enumerate(item.options, start=1)
        ),
        value=value,
        error=problems.get(item.key, ""),
        examples=tuple({**example, "answer": _in_words(item, example["answer"])} for example in item.examples),
        when=f"{condition['item']}={'|'.join(map(str, condition['values']))}" if condition else "",
        asked_after=asked_after(item, by_key),
    )


def asked_after(item: RubricItem, by_key: Mapping[str, RubricItem]) -> str:
    """A conditional item's condition as a sentence; empty for one that is always asked."""
    other = by_key.get(item.condition["item"]) if item.condition else None
    if item.condition is None or other is None:
        return ""
    values = item.condition["values"]
    answers = list(map(str, values)) if other.kind in SCALES else [f"“{_in_words(other, value)}”" for value in values]
    return f"Asked after {' or '.join(filter(None, [', '.join(answers[:-1]), *answers[-1:]]))} at “{other.question}”"


def _in_words(item: RubricItem, answer: Any) -> str:
    """The option's label, with its number on a scale; the answer as it is where it names no option."""
    label = next((option["label"] for option in item.options if str(option["value"]) == str(answer)), None)
    if label is None:
        return str(answer)
    return f"{answer}: {label}" if item.kind in SCALES else str(label)


def key_letters(names: Iterable[str]) -> dict[str, str]:
    """A letter of its own for each name: the first of its letters that is free, else the first free one at all."""
    taken = set(PAGE_KEYS)
    letters: dict[str, str] = {}
    for name in names:
        free = [letter for letter in [*name.lower(), *ascii_lowercase] if letter in ascii_lowercase]
        letters[name] = next((letter for letter in free if letter not in taken), "")
        taken.add(letters[name])
    return letters


def read_answers(items: Iterable[RubricItem], post: QueryDict) -> dict[str, Any]:
    """What the form sent, by item key, plus `outcome`, `rationale` and `active_seconds`; nothing else."""
    answers: dict[str, Any] = {
        item.key: post.getlist(item.key) if item.kind == ItemKind.FLAGS else post.get(item.key) for item in items
    }
    answers["outcome"] = post.get("outcome") or Outcome.ANSWERED.value
    answers["rationale"] = post.get("rationale", "")
    answers["active_seconds"] = post.get("active_seconds", "")
    return answers


def read_seconds(raw: Any) -> float | None:
    """Seconds of active work as the browser counted them; None where it did not, or counted nonsense."""
    try:
        seconds = float(raw)
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and 0 <= seconds <= LONGEST_ACTIVE_SECONDS else None
