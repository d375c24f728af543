"""Whether a rating is complete: every sentence names the field and says what is missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from annotation.enums import ItemKind, Outcome
from annotation.models import RubricItem
from annotation.rules.conditions import is_asked
from annotation.rules.refusal import Refused

RATIONALE_LIMIT = 4000
CONCEPT_LIMIT = 160
TEXT_LIMIT = 1000
"""Characters of an answer in free text."""
RESERVED = ("(other)", "not clinical")
"""Words that the statistics use for classes of their own."""


class Incomplete(Refused):
    """The rating lacks something; `problems` has a sentence a field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(self.problems.values()))


@dataclass(frozen=True, kw_only=True)
class Answers:
    """A complete rating's content."""

    outcome: Outcome
    concept: str
    """Empty unless the outcome is ANSWERED."""
    values: dict[str, Any]
    rationale: str


def check_answers(items: Iterable[RubricItem], raw: Mapping[str, Any]) -> Answers:
    """The cleaned answers of a form or draft, keyed by item key plus `outcome` and `rationale`.

    What is said to an item that is not asked, because its condition does not hold, is dropped.
    Raises Incomplete with every problem at once.
    """
    outcome = _outcome(raw)
    rationale = _text(raw.get("rationale"))
    problems = {"rationale": problem} if (problem := _problem_of(rationale, outcome)) else {}
    if outcome != Outcome.ANSWERED:
        if problems:
            raise Incomplete(problems)
        return Answers(outcome=outcome, concept="", values={}, rationale=rationale)
    concept, values, unanswered = _read_items(items, raw)
    if problems := unanswered | problems:
        raise Incomplete(problems)
    return Answers(outcome=outcome, concept=concept, values=values, rationale=rationale)


def _problem_of(rationale: str, outcome: Outcome) -> str:
    if len(rationale) > RATIONALE_LIMIT:
        return _too_long("The rationale", RATIONALE_LIMIT)
    if not rationale and outcome == Outcome.ANSWERED:
        return "Say why: the rationale is missing. One sentence that names what the snippets share is enough."
    return ""


def _read_items(items: Iterable[RubricItem], raw: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, str]]:
    """The concept, the other answers by key, and a sentence for each item that has none or a wrong one."""
    concept = ""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for item in items:
        if not is_asked(item, values):
            continue
        try:
            value = _READERS[ItemKind(item.kind)](item, raw.get(item.key))
        except ValueError as error:
            problems[item.key] = str(error)
            continue
        if item.kind == ItemKind.CONCEPT:
            concept = value or ""
        elif value is not None:
            values[item.key] = value
    return concept, values, problems


def _outcome(raw: Mapping[str, Any]) -> Outcome:
    try:
        return Outcome(raw.get("outcome") or Outcome.ANSWERED)
    except ValueError:
        raise Incomplete({"outcome": "The kind of answer is not one of those offered. Reload the page."}) from None


def _read_concept(item: RubricItem, value: Any) -> str | None:
    name = " ".join(str(value or "").replace("\x00", "").split())
    if not name and item.required:
        raise ValueError("Name the concept: a word or a short phrase.")
    if len(name) > CONCEPT_LIMIT:
        raise ValueError(_too_long("The concept", CONCEPT_LIMIT))
    if name.lower() in RESERVED:
        raise ValueError(f"“{name}” is no concept. Name what the words share, or use “Not clinical” or “Cannot tell”.")
    return name or None


def _read_choice(item: RubricItem, value: Any) -> Any:
    if value in (None, ""):
        if item.required:
            raise ValueError(f"“{item.question}” has no answer yet.")
        return None
    for option in item.options:
        if str(option["value"]) == str(value):
            return option["value"]
    raise ValueError(f"“{item.question}” has an answer that is not offered. Choose one of those on the page.")


def _read_flags(item: RubricItem, value: Any) -> list[Any]:
    chosen = [] if value in (None, "") else value if isinstance(value, list | tuple) else [value]
    offered = {str(option["value"]): option["value"] for option in item.options}
    if any(str(flag) not in offered for flag in chosen):
        raise ValueError(f"“{item.question}” has an answer that is not offered. Choose from those on the page.")
    if item.required and not chosen:
        raise ValueError(f"“{item.question}” has no answer yet. Choose at least one.")
    return sorted({offered[str(flag)] for flag in chosen})


def _read_text(item: RubricItem, value: Any) -> str | None:
    text = _text(value)
    if not text and item.required:
        raise ValueError(f"“{item.question}” has no answer yet. A few words are enough.")
    if len(text) > TEXT_LIMIT:
        raise ValueError(_too_long("The answer", TEXT_LIMIT))
    return text or None


def _text(value: Any) -> str:
    """Without NUL, which Postgres cannot store, and with line breaks of one character, as browsers count them."""
    return str(value or "").replace("\x00", "").replace("\r\n", "\n").strip()


def _too_long(what: str, limit: int) -> str:
    return f"{what} is longer than {limit} characters. Shorten it."


_READERS = {
    ItemKind.CONCEPT: _read_concept,
    ItemKind.NOMINAL: _read_choice,
    ItemKind.ORDINAL: _read_choice,
    ItemKind.CONFIDENCE: _read_choice,
    ItemKind.FLAGS: _read_flags,
    ItemKind.TEXT: _read_text,
}
