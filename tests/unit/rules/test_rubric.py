"""A rubric that would break a form or a computation is refused when it is published."""

from typing import Any

import pytest

from annotation.rules.refusal import Refused
from annotation.rules.rubric import check_rubric

CONCEPT = {"key": "concept", "kind": "concept", "question": "What?", "options": []}


def item(**changes: Any) -> dict[str, Any]:
    options = [{"value": "finding"}, {"value": "drug"}]
    return {"key": "category", "kind": "nominal", "question": "Which?", "options": options} | changes


def test_a_sound_rubric_passes() -> None:
    scale = item(key="coherence", kind="ordinal", options=[{"value": point} for point in range(1, 6)])
    check_rubric([CONCEPT, item(), scale, item(key="flags", kind="flags", options=[{"value": "artefact"}])])


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ([item()], "one item of the kind concept"),
        ([CONCEPT, CONCEPT | {"key": "second"}], "one item of the kind concept"),
        ([CONCEPT, item(), item()], "two items with the key"),
        ([CONCEPT, item(kind="essay")], "unknown kind"),
        ([CONCEPT, item(key="rationale")], "cannot be the key"),
        ([CONCEPT, item(key="Two words")], "cannot be the key"),
        ([CONCEPT, item(options=[{"value": "not clinical"}, {"value": "drug"}])], "small letters"),
        ([CONCEPT, item(options=[{"value": "drug"}])], "at least two options"),
        ([CONCEPT, item(options=[{"value": "drug"}, {"value": "drug"}])], "at least two options"),
        ([CONCEPT, item(kind="ordinal", options=[{"value": "low"}, {"value": "high"}])], "whole numbers"),
        ([CONCEPT, item(key="flags", kind="flags", options=[{"value": "a" * 36}])], "too long"),
    ],
)
def test_an_unsound_one_gets_a_sentence(items: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        check_rubric(items)
