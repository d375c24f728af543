"""A rubric that would break a form or a computation is refused when it is published."""

from typing import Any

import pytest

from annotation.rules.refusal import Refused
from annotation.rules.rubric import MOST_ITEMS, WHOLE, Unsound, check_rubric, rubric_problems

CONCEPT = {"key": "concept", "kind": "concept", "question": "What?", "options": []}


def options(*values: Any) -> list[dict[str, Any]]:
    return [{"value": value, "label": f"Called {value}"} for value in values]


def item(**changes: Any) -> dict[str, Any]:
    return {"key": "category", "kind": "nominal", "question": "Which?", "options": options("finding", "drug")} | changes


def scale(**changes: Any) -> dict[str, Any]:
    return item(key="coherence", kind="ordinal", options=options(*range(1, 6))) | changes


def after(key: str, *values: Any) -> dict[str, Any]:
    return {
        "key": "second",
        "kind": "text",
        "question": "Say more.",
        "condition": {"item": key, "values": list(values)},
    }


def test_a_sound_rubric_passes() -> None:
    example = {"text": "Troponin 0.42, up from 0.02.", "answer": "troponin rise", "why": "Every peak is the value."}
    flags = item(key="flags", kind="flags", options=options("artefact"), required=False)
    check_rubric([CONCEPT | {"examples": [example]}, item(), scale(), after("coherence", 1, 2), flags])


def test_a_condition_may_rest_on_a_choice_a_scale_or_flags() -> None:
    flags = item(key="flags", kind="flags", options=options("artefact"))
    for rests_on in (item(), scale(), flags):
        value = rests_on["options"][0]["value"]
        check_rubric([CONCEPT, rests_on, after(rests_on["key"], value)])


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ([item()], "one item of the kind concept"),
        ([CONCEPT, CONCEPT | {"key": "second"}], "one item of the kind concept"),
        ([CONCEPT, item(), item()], "two items with the key"),
        ([CONCEPT, item(kind="essay")], "unknown kind"),
        ([CONCEPT, item(key="rationale")], "cannot be the key"),
        ([CONCEPT, item(key="fit-7")], "cannot be the key"),
        ([CONCEPT, item(key="evidence")], "cannot be the key"),
        ([CONCEPT, item(key="Two words")], "cannot be the key"),
        ([CONCEPT, item(question=" ")], "The question is missing"),
        ([CONCEPT, item(question="?" * 201)], "longer than 200"),
        ([CONCEPT | {"required": False}], "always asked, and required"),
        ([item(), CONCEPT | {"condition": {"item": "category", "values": ["drug"]}}], "always asked, and required"),
        ([CONCEPT | {"options": options("a")}], "has no options"),
        ([CONCEPT, item(options=options("not clinical", "drug"))], "small letters"),
        ([CONCEPT, item(options=options("drug"))], "at least two options"),
        ([CONCEPT, item(options=options("drug", "drug"))], "at least two options"),
        ([CONCEPT, item(options="drug")], "not a list"),
        ([CONCEPT, item(options=[{"value": "drug", "label": ""}, *options("sign")])], "Option 1 has no label"),
        ([CONCEPT, scale(options=options("low", "high"))], "whole numbers"),
        ([CONCEPT, scale(options=options(2, 1))], "rise"),
        ([CONCEPT, scale(options=options(*range(8)))], "2 to 7 points; this one has 8"),
        ([CONCEPT, scale(options=[*options(1), {"value": 2, "label": " "}])], "Point 2 has no anchor"),
        ([CONCEPT, item(key="flags", kind="flags", options=options("a" * 36))], "too long"),
        ([CONCEPT, item(key="a", kind="flags", options=options("b")), item(key="a-b")], "key of another item"),
        ([CONCEPT, after("coherence", 1), scale()], "no earlier item"),
        ([CONCEPT, after("concept", "x")], "answered in words"),
        ([CONCEPT, scale(), after("coherence")], "Choose the answers"),
        ([CONCEPT, scale(), after("coherence", 7)], "does not offer"),
        ([CONCEPT | {"examples": [{"text": "Chest pain.", "answer": ""}]}], "has no answer"),
        ([CONCEPT | {"examples": ["Chest pain."]}], "not a list"),
        ([CONCEPT, *(item(key=f"item-{n}") for n in range(MOST_ITEMS))], "cannot be answered for every latent"),
    ],
)
def test_an_unsound_one_gets_a_sentence(items: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        check_rubric(items)


def test_every_problem_of_every_item_is_said_at_once_and_at_its_place() -> None:
    bad_scale = scale(question="", options=[{"value": 1, "label": "Low"}, {"value": 2, "label": ""}])
    problems = rubric_problems([item(key="Bad key", options=[]), bad_scale])
    assert set(problems) == {WHOLE, 1, 2}
    assert len(problems[1]) == 2
    assert [sentence.split()[0] for sentence in problems[2]] == ["The", "Point"]


def test_the_refusal_names_the_item_by_its_question() -> None:
    with pytest.raises(Unsound, match=r"Item 2 \(“Which\?”\): It needs at least two options") as error:
        check_rubric([CONCEPT, item(options=[])])
    assert set(error.value.problems) == {2}
