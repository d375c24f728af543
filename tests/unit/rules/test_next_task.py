"""What comes to a rater next, and how it is explained."""

from collections.abc import Mapping

import pytest

from annotation.enums import RoundKind
from annotation.rules.calibration import CalibrationState
from annotation.rules.next_task import ORDER, TaskStanding, explained, next_kinds

EVERYTHING = dict.fromkeys(RoundKind, 1)
FREE = (CalibrationState.NOT_NEEDED, CalibrationState.PASSED)


def standing(places: Mapping[RoundKind, int], calibration: CalibrationState = CalibrationState.PASSED) -> TaskStanding:
    return TaskStanding(calibration=calibration, places=places)


def test_the_order_names_every_kind_of_round_once_but_those_rated_elsewhere() -> None:
    assert sorted((*ORDER, RoundKind.EXTERNAL)) == sorted(RoundKind)


@pytest.mark.parametrize("calibration", FREE)
def test_what_is_due_comes_first_and_reading_last(calibration: CalibrationState) -> None:
    assert next_kinds(standing(EVERYTHING, calibration)) == [
        RoundKind.RETEST,
        RoundKind.AGAIN,
        RoundKind.EXTRA,
        RoundKind.INDEPENDENT,
        RoundKind.READING,
    ]


def test_until_calibration_is_passed_nothing_else_opens() -> None:
    assert next_kinds(standing(EVERYTHING, CalibrationState.DUE)) == [RoundKind.CALIBRATION]
    assert next_kinds(standing({RoundKind.INDEPENDENT: 9}, CalibrationState.DUE)) == []
    assert next_kinds(standing(EVERYTHING, CalibrationState.FAILED)) == []


def test_kinds_without_a_place_are_left_out() -> None:
    assert next_kinds(standing({RoundKind.EXTRA: 0, RoundKind.INDEPENDENT: 3})) == [RoundKind.INDEPENDENT]
    assert next_kinds(standing({})) == []


def test_the_coordinator_reads_what_comes_in_its_order() -> None:
    found = explained(standing({RoundKind.INDEPENDENT: 1400, RoundKind.RETEST: 2, RoundKind.READING: 1}))
    assert found == (
        "Next: 2 retests that are due, then 1,400 latents of the independent round, then 1 rationale to read."
    )


@pytest.mark.parametrize(
    ("calibration", "places", "sentence"),
    [
        (
            CalibrationState.DUE,
            {RoundKind.CALIBRATION: 4, RoundKind.EXTRA: 9},
            "Next: 4 calibration latents; nothing else before she has passed.",
        ),
        (CalibrationState.DUE, {}, "Next: the calibration; nothing else before she has passed."),
        (
            CalibrationState.FAILED,
            {RoundKind.EXTRA: 9},
            "Did not pass the calibration: nothing is handed out until she is let through.",
        ),
        (CalibrationState.PASSED, {}, "Nothing waits for her."),
    ],
)
def test_each_standing_has_its_sentence(
    calibration: CalibrationState, places: Mapping[RoundKind, int], sentence: str
) -> None:
    assert explained(standing(places, calibration)) == sentence


def test_who_reads_it_about_herself_learns_of_no_retest() -> None:
    hers = explained(standing({RoundKind.RETEST: 2, RoundKind.INDEPENDENT: 5}), to_herself=True)
    assert hers == "Next: 7 latents of the independent round."
    assert "retest" not in explained(standing({RoundKind.RETEST: 1}), to_herself=True)
