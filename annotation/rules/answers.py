"""Whether a rating is complete: every sentence names the field and says what is missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from annotation.enums import ItemKind, Outcome
from annotation.models import RubricItem
from annotation.rules.refusal import Refused

RATIONALE_LIMIT = 4000
CONCEPT_LIMIT = 160
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

    Raises Incomplete with every problem at once.
    """
    outcome = _outcome(raw)
    rationale = str(raw.get("rationale") or "").replace("\x00", "").strip()
    if outcome != Outcome.ANSWERED:
        if len(rationale) > RATIONALE_LIMIT:
            raise Incomplete({"rationale": _too_long("The rationale", RATIONALE_LIMIT)})
        return Answers(outcome=outcome, concept="", values={}, rationale=rationale)
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    concept = ""
    for item in items:
        try:
            value = _READERS[ItemKind(item.kind)](item, raw.get(item.key))
        except ValueError as error:
            problems[item.key] = str(error)
            continue
        if item.kind == ItemKind.CONCEPT:
            concept = value or ""
        elif value is not None:
            values[item.key] = value
    if not rationale:
        problems["rationale"] = (
            "Say why: the rationale is missing. One sentence that names what the snippets share is enough."
        )
    elif len(rationale) > RATIONALE_LIMIT:
        problems["rationale"] = _too_long("The rationale", RATIONALE_LIMIT)
    if problems:
        raise Incomplete(problems)
    return Answers(outcome=outcome, concept=concept, values=values, rationale=rationale)


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
    return sorted({offered[str(flag)] for flag in chosen})


def _too_long(what: str, limit: int) -> str:
    return f"{what} is longer than {limit} characters. Shorten it."


_READERS = {
    ItemKind.CONCEPT: _read_concept,
    ItemKind.NOMINAL: _read_choice,
    ItemKind.ORDINAL: _read_choice,
    ItemKind.CONFIDENCE: _read_choice,
    ItemKind.FLAGS: _read_flags,
}
