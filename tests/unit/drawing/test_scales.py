"""Scales place values between 0 and 100 per cent, and their ticks fall on round numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.views.drawing.scales import EmptyScale, LinearScale, LogScale, linear_ticks, log_ticks, span

positive = st.floats(1e-6, 1e6, allow_nan=False)


@given(low=positive, factor=st.floats(1.01, 1e6), value=st.floats(-1e7, 1e7))
def test_a_logarithmic_scale_keeps_every_value_inside(low: float, factor: float, value: float) -> None:
    assert 0 <= LogScale(low=low, high=low * factor).x(value) <= 100


@given(low=st.floats(-1e3, 1e3), width=st.floats(1e-3, 1e3), one=st.floats(0, 1), other=st.floats(0, 1))
def test_a_linear_scale_keeps_the_order(low: float, width: float, one: float, other: float) -> None:
    scale = LinearScale(low=low, high=low + width)
    first, second = sorted((one, other))
    assert scale.x(low + first * width) <= scale.x(low + second * width)


def test_the_middle_of_a_logarithmic_scale_is_its_geometric_mean() -> None:
    assert LogScale(low=1, high=100).x(10) == 50


def test_ticks_from_minus_a_half_to_one() -> None:
    ticks = linear_ticks(LinearScale(low=-0.5, high=1.0))
    assert [(tick.label, tick.x) for tick in ticks] == [("−0.5", 0), ("0.0", 33.333), ("0.5", 66.667), ("1.0", 100)]


def test_ticks_of_two_decades_are_one_two_five() -> None:
    assert [tick.label for tick in log_ticks(LogScale(low=0.5, high=20))] == ["0.5", "1", "2", "5", "10", "20"]


def test_ticks_of_many_decades_are_powers_of_ten_and_few() -> None:
    labels = [tick.label for tick in log_ticks(LogScale(low=1e-6, high=1))]
    assert labels == ["0.000001", "0.00001", "0.0001", "0.001", "0.01", "0.1", "1"]
    assert len(log_ticks(LogScale(low=1e-9, high=1e9))) <= 7


def test_a_range_grows_to_hold_what_is_drawn() -> None:
    assert span([0.2, 0.7], around=(0, 1)) == (0, 1)
    assert span([-0.31, 0.67], around=(0, 1)) == (-0.5, 1)


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1)])
def test_a_scale_without_length_is_refused(low: float, high: float) -> None:
    with pytest.raises(EmptyScale):
        LinearScale(low=low, high=high)
    with pytest.raises(EmptyScale):
        LogScale(low=-low, high=high)
