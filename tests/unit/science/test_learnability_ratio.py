from dataclasses import replace

import numpy as np
import pytest

from annotation.science.clc import clc
from annotation.science.clc_parameters import ClcParameters
from annotation.science.types import Answer, CalibrationAnswer, LearnabilityScore, ScienceError, closed_item

ITEM = closed_item(("a", "b", "c", "d"))


@pytest.fixture
def world():
    """60 latents, 5 raters, each right 6 times in 10; answers with the truth beside them."""
    rng = np.random.default_rng(8)
    answers, right = [], []
    for i in range(60):
        truth = int(rng.integers(4))
        for j in range(5):
            choice = truth if rng.random() < 0.6 else int((truth + rng.integers(1, 4)) % 4)
            answers.append(Answer(f"{i:02d}", f"rater {j}", "abcd"[choice], f"site {j % 2}"))
            right.append(choice == truth)
    return answers, np.array(right)


def scored(answers, scores, scorer="reader"):
    return [
        replace(a, scores=(*a.scores, LearnabilityScore(scorer, float(s))))
        for a, s in zip(answers, np.clip(scores, 0, 1), strict=True)
    ]


def calibrated(mean_right, mean_wrong):
    rng = np.random.default_rng(1)
    shares = np.array([1.0, 0.0] * 30)
    scores = np.clip(rng.normal(np.where(shares > 0, mean_right, mean_wrong), 0.1), 0, 1)
    return [
        CalibrationAnswer("rater 0", f"c{i}", share, 4, (LearnabilityScore("reader", score),))
        for i, (share, score) in enumerate(zip(shares.tolist(), scores.tolist(), strict=True))
    ]


def q_of(result):
    return np.array([consensus.q for consensus in result.latents])


def q_on_truth(result, answers, right):
    truth = {a.latent: a.value for a, r in zip(answers, right, strict=True) if r}
    found = [c.q[c.classes.index(truth[c.latent])] for c in result.latents if c.latent in truth]
    return float(np.mean(found))


def test_without_scores_every_ratio_is_one(world):
    result = clc(world[0], ITEM, seed=1)
    assert {answer.likelihood_ratio for answer in result.answers} == {1.0}
    assert result.scorers == ()


def test_a_scorer_that_says_the_same_of_everything_changes_nothing(world):
    answers, _ = world
    without = clc(answers, ITEM, seed=1)
    with_scores = clc(scored(answers, np.full(len(answers), 0.7)), ITEM, seed=1)
    assert not with_scores.scorers[0].on
    assert np.array_equal(q_of(without), q_of(with_scores))


def test_a_scorer_whose_right_labels_score_lower_is_switched_off(world):
    answers, right = world
    rng = np.random.default_rng(2)
    misleading = scored(answers, np.where(right, 0.55, 0.8) + rng.normal(0, 0.08, len(answers)))
    calibration = calibrated(0.55, 0.8)
    result = clc(misleading, ITEM, seed=1, calibration=calibration)
    without = clc(answers, ITEM, seed=1, calibration=[replace(c, scores=()) for c in calibration])
    assert not result.scorers[0].on
    assert np.array_equal(q_of(result), q_of(without))


def test_scores_of_pure_noise_move_little(world):
    answers, _ = world
    noise = scored(answers, np.random.default_rng(3).normal(0.65, 0.1, len(answers)))
    without, with_noise = clc(answers, ITEM, seed=1), clc(noise, ITEM, seed=1)
    assert np.abs(q_of(without) - q_of(with_noise)).mean() < 0.03
    assert all(0.5 < answer.likelihood_ratio < 2 for answer in with_noise.answers)


def test_an_informative_scorer_helps_and_never_beyond_its_limit(world):
    answers, right = world
    rng = np.random.default_rng(4)
    informative = scored(answers, np.where(right, 0.85, 0.55) + rng.normal(0, 0.08, len(answers)))
    result = clc(informative, ITEM, seed=1, calibration=calibrated(0.85, 0.55))
    without = clc(answers, ITEM, seed=1)
    ratios = [answer.likelihood_ratio for answer in result.answers]
    assert result.scorers[0].on
    assert result.scorers[0].mean_right > result.scorers[0].mean_wrong
    limit = result.parameters.learnability_limit
    assert max(ratios) == pytest.approx(limit)
    assert min(ratios) == pytest.approx(1 / limit)
    assert q_on_truth(result, answers, right) > q_on_truth(without, answers, right) + 0.03


def test_each_scorer_is_calibrated_on_its_own(world):
    answers, right = world
    rng = np.random.default_rng(5)
    good = scored(answers, np.where(right, 0.85, 0.55) + rng.normal(0, 0.08, len(answers)))
    constant_score = (LearnabilityScore("constant", 0.9),)
    mixed = [replace(a, scores=a.scores if i % 2 else constant_score) for i, a in enumerate(good)]
    constant, reader = clc(mixed, ITEM, seed=1).scorers
    assert (constant.scorer, constant.on) == ("constant", False)
    assert (reader.scorer, reader.on) == ("reader", True)


def test_two_scorers_of_one_answer_add_up_within_the_limit_of_one(world):
    answers, right = world
    rng = np.random.default_rng(6)
    first, second = (np.where(right, 0.75, 0.65) + rng.normal(0, 0.08, len(answers)) for _ in range(2))
    both = clc(scored(scored(answers, first), second, "program"), ITEM, seed=1)
    assert [scorer.scorer for scorer in both.scorers] == ["program", "reader"]
    alone = clc(scored(answers, first), ITEM, seed=1)
    ratios = [np.log([answer.likelihood_ratio for answer in result.answers]) for result in (both, alone)]
    assert np.abs(ratios[0]).max() == pytest.approx(np.log(both.parameters.learnability_limit))
    assert np.corrcoef(ratios[0], right)[0, 1] > np.corrcoef(ratios[1], right)[0, 1]


def test_the_order_of_an_answer_s_scores_does_not_matter(world):
    answers, right = world
    both = scored(scored(answers, right * 0.5 + 0.3), 0.9 - right * 0.1, "program")
    other_way = [replace(answer, scores=answer.scores[::-1]) for answer in both]
    assert clc(both, ITEM, seed=1) == clc(other_way, ITEM, seed=1)


def test_two_scores_of_one_scorer_for_one_answer_are_refused(world):
    answers, right = world
    with pytest.raises(ScienceError, match="'reader' scored one answer twice"):
        clc(scored(scored(answers, right * 0.5), right * 0.6), ITEM, seed=1)


def test_it_can_be_left_out_on_purpose(world):
    answers, right = world
    result = clc(scored(answers, right * 0.9), ITEM, ClcParameters(use_learnability=False), seed=1)
    assert np.array_equal(q_of(result), q_of(clc(answers, ITEM, seed=1)))


def test_a_score_outside_zero_to_one_is_refused(world):
    answers, _ = world
    with pytest.raises(ScienceError, match="balanced accuracy, between 0 and 1"):
        clc([replace(answers[0], scores=(LearnabilityScore("reader", 1.4),)), *answers[1:]], ITEM, seed=1)
