import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from annotation.science.clc_parameters import ClcParameters
from annotation.science.rater_prior import Repeat, rater_prior
from annotation.science.types import CalibrationAnswer, ScienceError

DEFAULT = ClcParameters()


def known(share, n_classes=6):
    return CalibrationAnswer("ada", "latent", share, n_classes)


def test_before_any_data_a_rater_is_right_two_times_in_three():
    prior = rater_prior([], [], DEFAULT)
    assert prior.mean == pytest.approx(2 / 3, abs=1e-4)
    assert prior.strength == pytest.approx(6, abs=0.01)
    assert (prior.low, prior.high) == pytest.approx((0.2836, 0.9473), abs=1e-3)


def test_calibration_items_follow_the_stated_likelihood():
    answers = [known(0.9), known(0.6), known(0.0)]

    def density(p):
        return (
            p**3 * (1 - p) * np.prod([p * a.reference_share + (1 - p) * (1 - a.reference_share) / 5 for a in answers])
        )

    expected = quad(lambda p: p * density(p), 0, 1)[0] / quad(density, 0, 1)[0]
    assert rater_prior(answers, [], DEFAULT).mean == pytest.approx(expected, abs=1e-4)


def test_a_reference_set_by_chance_teaches_nothing():
    assert rater_prior([known(1 / 6)] * 8, [], DEFAULT).mean == pytest.approx(2 / 3, abs=1e-4)


@pytest.mark.parametrize("matched", [20, 14, 0])
def test_repeats_follow_the_stated_likelihood_with_habit_integrated_out(matched):
    def density(habit, p):
        match = habit + (1 - habit) * (p**2 + (1 - p) ** 2 / 5)
        return p**3 * (1 - p) * match**matched * (1 - match) ** (20 - matched)

    total = dblquad(density, 0, 1, 0, 1)[0]
    expected = dblquad(lambda habit, p: p * density(habit, p), 0, 1, 0, 1)[0] / total
    repeats = [Repeat(True, 1 / 5)] * matched + [Repeat(False, 1 / 5)] * (20 - matched)
    assert rater_prior([], repeats, DEFAULT).mean == pytest.approx(expected, abs=2e-4)


def test_who_merely_repeats_herself_gains_little_and_who_knows_gains_much():
    repeating = rater_prior([], [Repeat(True, 1 / 5)] * 20, DEFAULT)
    knowing = rater_prior([known(0.95)] * 20, [], DEFAULT)
    assert 0.70 < repeating.mean < 0.78
    assert knowing.mean > 0.9
    assert knowing.high - knowing.low < repeating.high - repeating.low


def test_contradicting_herself_costs():
    assert rater_prior([], [Repeat(False, 1 / 5)] * 10, DEFAULT).mean < 0.5


def test_strength_stays_between_its_bounds():
    assert rater_prior([known(1.0)] * 500, [], DEFAULT).strength == 40
    assert rater_prior([known(1.0), known(0.0)], [], ClcParameters(rater_strength_low=30)).strength == 30


def test_an_impossible_reference_is_refused():
    with pytest.raises(ScienceError, match="reference share between 0 and 1"):
        rater_prior([known(1.2)], [], DEFAULT)
