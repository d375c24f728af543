"""Evidence, fits and the second meaning between the rating form and the rules: as the browser sends and draws them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from annotation.rules.answers import CONCEPT_LIMIT
from annotation.rules.evidence import EVIDENCE_LIMIT, FIT


@dataclass(frozen=True, kw_only=True)
class MarksForm:
    """What is marked so far, and a sentence at each field that has a problem."""

    evidence: str
    """JSON [{snippet, start, end}], as the hidden field holds it."""
    evidence_error: str
    fits: dict[int, str]
    second_concept: str
    second_concept_error: str
    evidence_limit: int = EVIDENCE_LIMIT
    concept_limit: int = CONCEPT_LIMIT


def read_marks(post: QueryDict) -> dict[str, Any]:
    """What the form sent of them, flat, under the names in which a draft keeps them; rules.evidence reads it."""
    marked = {name: value for name, value in post.items() if name.startswith(FIT)}
    return {
        "evidence": post.get("evidence", ""),
        "second_concept": post.get("second_concept", ""),
        **marked,
    }


def marks_form(answers: Mapping[str, Any], problems: Mapping[str, str] | None = None) -> MarksForm:
    """The form's part of a draft's answers or of what was just sent. Nonsense is left out."""
    told = problems or {}
    evidence = answers.get("evidence") or ""
    return MarksForm(
        evidence=evidence if isinstance(evidence, str) else json.dumps(evidence),
        evidence_error=told.get("evidence", ""),
        fits={
            int(name.removeprefix(FIT)): str(value)
            for name, value in answers.items()
            if name.startswith(FIT) and name.removeprefix(FIT).isdecimal() and value
        },
        second_concept=str(answers.get("second_concept") or ""),
        second_concept_error=told.get("second_concept", ""),
    )
