"""Headers of clinical notes are found and named; what only looks like one is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saeserve.mining.sections import KINDS, kind_of, sections

NOTE = """Seen in clinic.
HISTORY OF PRESENT ILLNESS: 58M with chest pain. PAST MEDICAL HISTORY: Diabetes.
FH: father MI at 49.
Meds: metformin
Physical Exam:
  HEENT: clear. The patient's medications include the following: aspirin.
**Assessment/Plan**
1. Rest.
Plan - aspirin given.
ECG: 3 mm ST elevation.
Impression
Stable."""


def found(text: str) -> list[tuple[str, str]]:
    return [(KINDS[section.kind], section.header) for section in sections(text)]


def test_headers_of_a_note_are_found_as_written() -> None:
    assert found(NOTE) == [
        ("none", ""),
        ("history", "HISTORY OF PRESENT ILLNESS"),
        ("past history", "PAST MEDICAL HISTORY"),
        ("family history", "FH"),
        ("medications", "Meds"),
        ("examination", "Physical Exam"),
        ("examination", "HEENT"),
        ("assessment", "Assessment/Plan"),
        ("plan", "Plan"),
        ("laboratory", "ECG"),
        ("assessment", "Impression"),
    ]


@given(st.text(alphabet=st.sampled_from("aB:\n *-.,HPI/é"), max_size=200))
def test_sections_tile_any_text(text: str) -> None:
    starts = [section.start for section in sections(text)]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert all(start <= len(text) for start in starts)


def test_a_section_begins_at_its_header() -> None:
    for section in sections(NOTE)[1:]:
        assert NOTE[section.start :].startswith(section.header)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("ESTIMATED BLOOD LOSS", "procedure"),
        ("Preoperative Diagnosis", "diagnosis"),
        ("CT HEAD WITHOUT CONTRAST", "imaging"),
        ("REVIEW OF SYSTEMS", "review of systems"),
        ("Family and Social History", "family history"),
        ("Discharge Medications", "medications"),
        ("S", "history"),
        ("A/P", "assessment"),
        ("Hospital Course", "course"),
        ("Allergies", "allergies"),
        ("Reason for Consultation", "complaint"),
        ("Vital signs", "vitals"),
        ("LABORATORY DATA", "laboratory"),
        ("Social Hx", "social history"),
        ("PROCEDURE IN DETAIL", "procedure"),
        ("Recommendations", "plan"),
    ],
)
def test_words_say_the_kind(header: str, kind: str) -> None:
    assert kind_of(header) == kind


@pytest.mark.parametrize(
    "text",
    [
        "The patient takes the following medications: aspirin.",
        "He said: I am well.",
        "at 10:30 he was seen",
        "Dr. Smith reviewed the plan",
        "pain - sharp",
        "",
    ],
)
def test_prose_is_no_header(text: str) -> None:
    assert found(text) == [("none", "")]


def test_capitals_make_a_header_of_unknown_words() -> None:
    assert found("STRICT RETURN PRECAUTIONS: fever.") == [("other", "STRICT RETURN PRECAUTIONS")]
