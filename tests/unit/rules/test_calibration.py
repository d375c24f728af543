"""When a rater passes, and what is due next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.rules.calibration import (
    CalibrationState,
    SetPart,
    Standing,
    after_merges,
    check_distribution,
    counted_as,
    credit,
    panel_mean,
    share_of,
    standing,
    verdict,
)
from annotation.rules.refusal import Refused


def part(number: int, *, latents: int = 4, left: int = 0, is_open: bool = True) -> SetPart:
    return SetPart(set=number, open=is_open, latents=latents, left=left)


def test_the_panels_favourite_is_worth_one_however_divided_the_panel_is() -> None:
    assert credit("angina", {"angina": 0.4, "infarction": 0.35, "embolism": 0.25}) == 1
    assert credit("infarction", {"angina": 0.5, "infarction": 0.5}) == 1
    assert credit("infarction", {"angina": 0.8, "infarction": 0.2}) == pytest.approx(0.25)


def test_an_answer_of_nobodys_and_cannot_tell_earn_nothing() -> None:
    assert credit("gout", {"angina": 1.0}) == 0
    assert credit(None, {"angina": 1.0}) == 0
    assert share_of(None, {"angina": 1.0}) == 0


def test_concepts_are_compared_without_case_and_spacing() -> None:
    assert share_of("  Unstable   ANGINA", {"unstable angina": 0.7, "other": 0.3}) == 0.7


def test_the_reference_is_the_mean_of_the_panel_most_shared_first() -> None:
    mean = panel_mean([{"Angina": 1.0}, {"infarction": 0.5, "angina ": 0.5}])
    assert list(mean.items()) == [("Angina", 0.75), ("infarction", 0.25)]


def test_without_a_panel_there_is_no_reference() -> None:
    with pytest.raises(Refused, match="Nobody of the panel"):
        panel_mean([])


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 1), min_size=1), min_size=1, max_size=5))
def test_the_mean_of_distributions_is_a_distribution(given_shares: list[dict[str, float]]) -> None:
    normed = [{k: v / sum(one.values()) for k, v in one.items()} for one in given_shares]
    mean = panel_mean(normed)
    assert sum(mean.values()) == pytest.approx(1)
    assert max(credit(answer, mean) for answer in mean) == 1


@pytest.mark.parametrize(
    ("shares", "sentence"),
    [
        ({"a": 0.5, "b": 0.4}, "add to 90 per cent"),
        ({"a": 0.7, "b": 0.7}, "add to 140 per cent"),
        ({"a": 1.5, "b": -0.5}, "no number from 0 to 100"),
    ],
)
def test_shares_that_are_no_distribution_are_refused(shares: dict[str, float], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        check_distribution("Category", shares)


def test_three_thirds_in_per_cent_are_all() -> None:
    shares = check_distribution("Category", {"a": 0.333, "b": 0.333, "c": 0.333})
    assert sum(shares.values()) == pytest.approx(1, abs=1e-12)


def test_answers_without_a_share_are_left_out() -> None:
    assert check_distribution("Category", {"a": 1.0, "b": 0.0}) == {"a": 1.0}


def test_a_set_is_passed_at_the_threshold_and_not_below() -> None:
    credits = {1: [1.0, 0.5], 2: [0.3]}
    assert verdict(credits, threshold=0.6).passed
    assert verdict(credits, threshold=0.6).score == pytest.approx(0.6)
    assert not verdict(credits, threshold=0.61).passed
    assert (verdict(credits, threshold=0.6).answers, verdict(credits, threshold=0.6).latents) == (3, 2)


def test_nobody_passes_without_an_answer() -> None:
    assert not verdict({}, threshold=0.0).passed


DUE_1 = Standing(state=CalibrationState.DUE, set=1)
DUE_2 = Standing(state=CalibrationState.DUE, set=2)
NOT_NEEDED = Standing(state=CalibrationState.NOT_NEEDED)
FAILED = Standing(state=CalibrationState.FAILED)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], NOT_NEEDED),
        ([part(1, left=4)], DUE_1),
        ([part(1, left=1), part(2, left=4)], DUE_1),
        ([part(1), part(2, left=4)], DUE_2),
        ([part(1)], FAILED),
        ([part(1), part(2)], FAILED),
        ([part(1, left=2, is_open=False)], NOT_NEEDED),
        ([part(1, left=2, is_open=False), part(2, left=4)], DUE_2),
        ([part(1, is_open=False), part(2, left=2, is_open=False)], FAILED),
        ([part(1, latents=0)], NOT_NEEDED),
    ],
)
def test_what_is_due_follows_from_the_sets(parts: list[SetPart], expected: Standing) -> None:
    assert standing(parts, calibrated=False) == expected
    assert standing(parts, calibrated=True) == Standing(state=CalibrationState.PASSED)


def test_other_rounds_wait_while_calibration_is_due_or_failed() -> None:
    assert [one.blocks for one in (DUE_1, FAILED, NOT_NEEDED)] == [True, True, False]


def test_after_a_merge_synonyms_share_one_credit() -> None:
    reference = {"MI": 0.5, "Myocardial infarction": 0.3, "angina": 0.2}
    merged = {"mi": "myocardial infarction", "heart attack": "myocardial infarction"}
    counted = after_merges(reference, merged)
    assert counted == {"myocardial infarction": pytest.approx(0.8), "angina": 0.2}
    assert credit(counted_as("Heart  attack", merged), counted) == 1.0
    assert credit("heart attack", reference) == 0.0
