from dataclasses import replace

import pytest

from annotation.science.ambiguity import Thresholds, judge
from annotation.science.clc_result import LatentConsensus
from annotation.science.types import ScienceError, Undefined

CLEAR = LatentConsensus(
    latent="1", classes=("angina", "infarction"), q=(0.97, 0.03), theta=(0.8, 0.2), n_eff=2.8, flip_rate=0.05,
    entropy=0.7, n_raters=3, n_institutions=2, cannot_tell=0, weights={},
)  # fmt: skip


def outcome(consensus, rounds=0, institutions=3):
    return judge(consensus, extra_rounds_used=rounds, institutions_in_study=institutions).outcome


def test_a_clear_latent_is_accepted_without_further_reasons():
    verdict = judge(CLEAR, extra_rounds_used=0, institutions_in_study=3)
    assert (verdict.outcome, verdict.reasons) == ("accepted", ())


@pytest.mark.parametrize(
    ("change", "criterion"),
    [
        ({"q": (0.89, 0.11)}, "q"),
        ({"theta": (0.69, 0.31)}, "theta"),
        ({"n_eff": 2.4}, "n_eff"),
        ({"flip_rate": 0.2}, "flip_rate"),
        ({"n_institutions": 1}, "institutions"),
    ],
)
def test_each_threshold_alone_asks_for_more_raters(change, criterion):
    verdict = judge(replace(CLEAR, **change), extra_rounds_used=0, institutions_in_study=2)
    assert verdict.outcome == "needs_raters"
    assert [shortfall.criterion for shortfall in verdict.shortfalls] == [criterion]


def test_the_bounds_themselves_are_accepted_and_the_flip_rate_must_be_below():
    bound = Thresholds().theta
    edge = replace(CLEAR, q=(0.9, 0.1), theta=(bound, 1 - bound), n_eff=2.5, flip_rate=0.199)
    assert outcome(edge) == "accepted"


def test_reasons_say_what_is_missing_and_by_how_much():
    short = replace(CLEAR, q=(0.8, 0.2), flip_rate=0.31, n_institutions=1)
    verdict = judge(short, extra_rounds_used=1, institutions_in_study=3)
    assert verdict.reasons == (
        'The posterior of "angina" is 0.80; 0.9 is needed (0.10 short).',
        "With other raters drawn from these the answer would change in 31% of draws; under 20% is needed.",
        "Rated from 1 of the 2 institutions that are needed.",
    )
    assert verdict.next_step == "2 more raters are asked, another institution first (extra round 2 of 2)."


def test_a_near_miss_does_not_read_as_equal():
    verdict = judge(replace(CLEAR, q=(0.8996, 0.1004)), extra_rounds_used=0, institutions_in_study=2)
    assert verdict.reasons == ('The posterior of "angina" is 0.8996; 0.9 is needed (0.0004 short).',)


def test_after_two_extra_rounds_disagreement_is_persistent():
    assert outcome(replace(CLEAR, theta=(0.5, 0.5)), rounds=1) == "needs_raters"
    assert outcome(replace(CLEAR, theta=(0.5, 0.5)), rounds=2) == "persistent"


@pytest.mark.parametrize(
    "change",
    [{"n_eff": 2.0}, {"n_institutions": 1}, {"n_eff": 2.0, "n_institutions": 1}, {"n_eff": 2.0, "theta": (0.5, 0.5)}],
)
def test_where_only_people_are_missing_there_is_nothing_to_adjudicate(change):
    assert outcome(replace(CLEAR, **change), rounds=2) == "recruiting"


def test_with_enough_answers_from_one_institution_disagreement_is_persistent():
    assert outcome(replace(CLEAR, n_institutions=1, theta=(0.5, 0.5)), rounds=2) == "persistent"


def test_a_study_at_one_institution_does_not_wait_for_a_second():
    assert outcome(replace(CLEAR, n_institutions=1), institutions=1) == "accepted"


def test_a_latent_without_answers_needs_raters_and_then_recruits():
    silent = Undefined("No rater has answered for this latent yet.")
    assert outcome(silent) == "needs_raters"
    assert outcome(silent, rounds=2) == "recruiting"


def test_thresholds_belong_to_the_study():
    strict = Thresholds(theta=0.9, extra_rounds=0)
    verdict = judge(CLEAR, strict, extra_rounds_used=0, institutions_in_study=2)
    assert verdict.outcome == "persistent"


def test_an_impossible_count_is_refused():
    with pytest.raises(ScienceError, match="at least one institution"):
        judge(CLEAR, extra_rounds_used=0, institutions_in_study=0)
