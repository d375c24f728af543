"""Which questions a panel answers, and what a rating says to each."""

import pytest

from annotation.enums import ItemKind, Outcome
from annotation.models import RubricItem
from annotation.rules.referenced_items import given_answers, referenced_items


def item(key: str, kind: ItemKind, *options: tuple[object, str]) -> RubricItem:
    return RubricItem(
        key=key, kind=kind, question=f"{key}?", options=[{"value": value, "label": label} for value, label in options]
    )


ITEMS = [
    item("concept", ItemKind.CONCEPT),
    item("category", ItemKind.NOMINAL, ("finding", "Finding"), ("drug", "Drug")),
    item("coherence", ItemKind.ORDINAL, (1, "None"), (2, "All")),
    item("confidence", ItemKind.CONFIDENCE, (1, "A guess"), (2, "Certain")),
    item("flags", ItemKind.FLAGS, ("artefact", "Artefact"), ("safety", "Safety")),
    item("remarks", ItemKind.TEXT),
]
QUESTIONS = referenced_items(ITEMS)


def test_confidence_and_free_text_have_no_reference_and_each_flag_has_its_own() -> None:
    assert [question.key for question in QUESTIONS] == [
        "concept",
        "category",
        "coherence",
        "flags-artefact",
        "flags-safety",
    ]


def test_choices_may_be_not_clinical_and_scales_may_not() -> None:
    options = {question.key: [answer for answer, _ in question.options] for question in QUESTIONS}
    assert options["category"] == ["finding", "drug", "not clinical"]
    assert options["coherence"] == ["1", "2"]
    assert options["flags-safety"] == ["yes", "no"]


def test_the_number_of_classes_leaves_room_for_concepts_that_the_panel_did_not_name() -> None:
    classes = {question.key: question.classes({"a": 0.5, "b": 0.5}) for question in QUESTIONS}
    assert classes == {"concept": 3, "category": 3, "coherence": 2, "flags-artefact": 2, "flags-safety": 2}


def test_an_answered_rating_answers_what_it_was_asked() -> None:
    values = {"category": "drug", "coherence": 2, "flags": ["safety"], "confidence": 1}
    assert given_answers(QUESTIONS, outcome=Outcome.ANSWERED, concept="Aspirin", values=values) == {
        "concept": "Aspirin",
        "category": "drug",
        "coherence": "2",
        "flags-artefact": "no",
        "flags-safety": "yes",
    }


def test_a_question_that_was_not_asked_is_left_out() -> None:
    given = given_answers(QUESTIONS, outcome=Outcome.ANSWERED, concept="x", values={"coherence": None})
    assert given == {"concept": "x"}


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.NOT_CLINICAL, {"concept": "not clinical", "category": "not clinical"}),
        (Outcome.CANNOT_TELL, dict.fromkeys([question.key for question in QUESTIONS])),
    ],
)
def test_other_outcomes(outcome: Outcome, expected: dict[str, str | None]) -> None:
    assert given_answers(QUESTIONS, outcome=outcome, concept="", values={}) == expected
