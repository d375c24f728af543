"""The day by which the remaining ratings are in: against simulated studies, and against a second way to reckon it."""

import numpy as np
import pytest
from scipy import stats

from annotation.science.projection import Projection, project
from annotation.science.types import ScienceError, Undefined


def found(daily: list[int], remaining: int) -> Projection:
    result = project(daily, remaining)
    assert isinstance(result, Projection)
    return result


def test_the_middle_is_the_pace_and_the_interval_holds_it() -> None:
    steady = found([3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2], 70)
    assert steady.expected == pytest.approx(28.0)
    assert steady.low < 28 < steady.high
    assert (steady.ratings, steady.days, steady.remaining, steady.dispersion) == (35, 14, 70, 1.0)


def test_it_is_the_ratio_of_two_gamma_waits() -> None:
    """The second witness: draws of the two waits instead of the F distribution."""
    rng = np.random.default_rng(20261122)
    past, future = rng.gamma(35, size=400_000), rng.gamma(70, size=400_000)
    low, high = np.quantile(14 * future / past, [0.025, 0.975])
    steady = found([3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2], 70)
    assert steady.low == pytest.approx(low, rel=0.01)
    assert steady.high == pytest.approx(high, rel=0.01)


def test_people_who_rate_in_sittings_are_less_certain_than_people_who_rate_evenly() -> None:
    even, sittings = found([5] * 14, 100), found([35, 0, 0, 0, 0, 0, 0, 35, 0, 0, 0, 0, 0, 0], 100)
    assert even.expected == sittings.expected
    assert sittings.dispersion > 10
    assert sittings.high - sittings.low > 2 * (even.high - even.low)


def test_more_ratings_are_more_certain() -> None:
    few, many = found([1] * 14, 14), found([10] * 14, 140)
    assert few.expected == many.expected
    assert few.high - few.low > many.high - many.low


@pytest.mark.parametrize("clumps", [1, 3, 6])
def test_the_interval_holds_the_day_as_often_as_it_says(clumps: int) -> None:
    """1,000 studies that go on as they began, rating by rating or several in a sitting, to within a day."""
    rng = np.random.default_rng(7)
    studies = hits = 0
    while studies < 1000:
        daily = (rng.poisson(4 / clumps, size=14) * clumps).tolist()
        if sum(daily) < 5:
            continue
        studies += 1
        later = np.cumsum(rng.poisson(4 / clumps, size=400) * clumps)
        day = int(np.searchsorted(later, 80)) + 1
        projected = found(daily, 80)
        hits += projected.low - 1 <= day <= projected.high + 1
    assert hits / studies > stats.binom(1000, 0.95).ppf(0.001) / 1000


@pytest.mark.parametrize(
    ("daily", "why"),
    [([2, 9], "less than 3 whole days"), ([], "less than 3 whole days"), ([1, 0, 2], "3 ratings came")],
)
def test_too_little_to_tell_a_pace_is_said(daily: list[int], why: str) -> None:
    result = project(daily, 10)
    assert isinstance(result, Undefined)
    assert why in result.reason


@pytest.mark.parametrize(("daily", "remaining"), [([3, 3, 3], 0), ([3, -1, 9], 5)])
def test_what_is_no_count_is_refused(daily: list[int], remaining: int) -> None:
    with pytest.raises(ScienceError):
        project(daily, remaining)
