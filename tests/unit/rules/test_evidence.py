"""What a rater marks is taken as she marked it, and nonsense is refused with a sentence."""

import json
from typing import Any

import pytest

from annotation.enums import Fit
from annotation.rules.answers import Incomplete
from annotation.rules.evidence import EVIDENCE_LIMIT, Marks, Word, check_marks, parse_marks
from annotation.rules.refusal import Refused


def place(snippet: int = 1, start: int = 0, end: int = 4) -> dict[str, int]:
    return {"snippet": snippet, "start": start, "end": end}


def evidence(*places: Any) -> dict[str, str]:
    return {"evidence": json.dumps(places)}


def test_a_form_without_marks_is_a_form_without_marks() -> None:
    assert parse_marks({}) == Marks()
    assert parse_marks({"evidence": "", "second_concept": "  ", "fit-3": ""}) == Marks()


def test_evidence_fits_and_a_second_meaning_are_read_from_flat_fields() -> None:
    raw = evidence(place(7, 4, 9), place(2, 0, 3)) | {
        "fit-7": "fits",
        "fit-2": "does-not-fit",
        "second_concept": " family \n history ",
        "concept": "chest pain",
    }
    marks = parse_marks(raw)
    assert marks.evidence == (Word(snippet=7, start=4, end=9), Word(snippet=2, start=0, end=3))
    assert marks.fits == {7: Fit.FITS, 2: Fit.DOES_NOT_FIT}
    assert marks.second_concept == "family history"
    assert marks.snippets == {2, 7}


def test_what_a_rating_stores_can_be_read_again() -> None:
    marks = parse_marks(evidence(place(7, 4, 9)) | {"fit-7": "unsure"})
    again = {"evidence": marks.evidence_rows} | {f"fit-{snippet}": fit for snippet, fit in marks.fit_rows.items()}
    assert parse_marks(again) == marks


def test_the_same_place_twice_is_one_place() -> None:
    assert len(parse_marks(evidence(place(), place())).evidence) == 1


def test_more_than_twenty_places_are_refused_with_the_number() -> None:
    most = [place(start=number, end=number + 1) for number in range(EVIDENCE_LIMIT)]
    assert len(parse_marks(evidence(*most)).evidence) == EVIDENCE_LIMIT
    with pytest.raises(Incomplete, match="21 places are attached, and 20 is the most") as error:
        parse_marks(evidence(*most, place(start=50, end=51)))
    assert set(error.value.problems) == {"evidence"}


@pytest.mark.parametrize(
    "raw",
    [
        "{",
        "7",
        '"words"',
        "[" * 100_000,
        "[3]",
        json.dumps([{"snippet": 1, "start": 0}]),
        json.dumps([place(start=4, end=4)]),
        json.dumps([place(start=-1, end=4)]),
        json.dumps([{"snippet": 1, "start": 0.5, "end": 4}]),
        json.dumps([{"snippet": True, "start": 0, "end": 4}]),
        json.dumps([place(snippet=2**63)]),
    ],
)
def test_evidence_that_no_page_sends_is_refused(raw: str) -> None:
    with pytest.raises(Refused, match="do not belong to the snippets"):
        parse_marks({"evidence": raw})


@pytest.mark.parametrize("raw", [{"fit-1": "perhaps"}, {"fit-": "fits"}, {"fit-x": "fits"}, {"fit-1": ["fits"]}])
def test_a_fit_that_is_not_offered_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="do not belong to the snippets"):
        parse_marks(raw)


@pytest.mark.parametrize(("name", "sentence"), [("x" * 161, "longer than 160"), ("Not clinical", "is no concept")])
def test_a_second_meaning_is_held_to_the_rules_of_the_first(name: str, sentence: str) -> None:
    with pytest.raises(Incomplete, match=sentence) as error:
        parse_marks({"second_concept": name})
    assert set(error.value.problems) == {"second_concept"}


def test_marks_must_lie_in_the_snippets_that_were_shown() -> None:
    shown = {1: 40, 2: 10}
    check_marks(parse_marks(evidence(place(2, 6, 10)) | {"fit-1": "fits"}), shown=shown)
    for raw in (evidence(place(2, 6, 11)), evidence(place(3)), {"fit-3": "fits"}):
        with pytest.raises(Refused, match="do not belong to the snippets"):
            check_marks(parse_marks(raw), shown=shown)
