"""What a rater marks: words that her rationale points at, whether each snippet fits, a second meaning."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from annotation.enums import Fit
from annotation.rules.answers import CONCEPT_LIMIT, RESERVED, Incomplete
from annotation.rules.refusal import Refused

EVIDENCE_LIMIT = 20
FIT = "fit-"
"""A form and a draft hold the fit of snippet 12 as `fit-12`."""
LARGEST_ID = 2**63 - 1
NOT_OF_THIS_PAGE = (
    "The marks in this form do not belong to the snippets of this latent. "
    "Open the page again; your draft is kept, and you can mark the words anew."
)

SAME_MEANING = {"second_concept": "Both meanings are the same. Name the other one, or leave it empty."}


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word, or several in a row: characters [start, end) of a snippet's text."""

    snippet: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Marks:
    """All of it is optional."""

    evidence: tuple[Word, ...] = ()
    """In the order in which she attached them."""
    fits: Mapping[int, Fit] = field(default_factory=dict)
    """By snippet; those she left open are not in it."""
    second_concept: str = ""

    @property
    def snippets(self) -> frozenset[int]:
        """All that are marked in one way or the other."""
        return frozenset(word.snippet for word in self.evidence) | frozenset(self.fits)

    @property
    def evidence_rows(self) -> list[dict[str, int]]:
        """As a rating stores them."""
        return [{"snippet": word.snippet, "start": word.start, "end": word.end} for word in self.evidence]

    @property
    def fit_rows(self) -> dict[str, str]:
        """As a rating stores them."""
        return {str(snippet): fit.value for snippet, fit in self.fits.items()}


def parse_marks(raw: Mapping[str, Any]) -> Marks:
    """The marks of a form or draft: `evidence` (JSON), `fit-<snippet>`, `second_concept`; other fields are left alone.

    Raises Incomplete where the rater can mend it, Refused where no page of ours sent it.
    """
    fits = {
        _whole(name.removeprefix(FIT)): _fit(value) for name, value in raw.items() if name.startswith(FIT) and value
    }
    return Marks(evidence=_evidence(raw.get("evidence")), fits=fits, second_concept=_second(raw.get("second_concept")))


def check_marks(marks: Marks, *, shown: Mapping[int, int]) -> None:
    """Raises Refused where a mark lies outside the snippets of the latent. shown: characters of each, by snippet."""
    if not marks.snippets <= shown.keys() or any(word.end > shown[word.snippet] for word in marks.evidence):
        raise Refused(NOT_OF_THIS_PAGE)


def _evidence(raw: Any) -> tuple[Word, ...]:
    try:
        found = json.loads(raw) if isinstance(raw, str) and raw.strip() else raw or []
    except (ValueError, RecursionError) as error:
        raise Refused(NOT_OF_THIS_PAGE) from error
    if not isinstance(found, list):
        raise Refused(NOT_OF_THIS_PAGE)
    words = tuple(dict.fromkeys(_word(entry) for entry in found))
    if len(words) > EVIDENCE_LIMIT:
        raise Incomplete(
            {"evidence": f"{len(words)} places are attached, and {EVIDENCE_LIMIT} is the most. Remove some."}
        )
    return words


def _word(entry: Any) -> Word:
    if not isinstance(entry, dict):
        raise Refused(NOT_OF_THIS_PAGE)
    word = Word(snippet=_whole(entry.get("snippet")), start=_whole(entry.get("start")), end=_whole(entry.get("end")))
    if word.start >= word.end:
        raise Refused(NOT_OF_THIS_PAGE)
    return word


def _whole(raw: Any) -> int:
    if isinstance(raw, str) and raw.isascii() and raw.isdecimal() and len(raw) < 20:
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= LARGEST_ID:
        raise Refused(NOT_OF_THIS_PAGE)
    return raw


def _fit(raw: Any) -> Fit:
    try:
        return Fit(raw)
    except ValueError as error:
        raise Refused(NOT_OF_THIS_PAGE) from error


def _second(raw: Any) -> str:
    name = " ".join(str(raw or "").replace("\x00", "").split())
    if len(name) > CONCEPT_LIMIT:
        raise Incomplete(
            {"second_concept": f"The second meaning is longer than {CONCEPT_LIMIT} characters. Shorten it."}
        )
    if name.lower() in RESERVED:
        raise Incomplete({"second_concept": f"“{name}” is no concept. Name the other meaning, or leave it empty."})
    return name
