"""Numbers on a page are written in one way, and nothing that is not a number is ever printed."""

import pytest

from annotation.views.drawing import figures


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [(0.744, 2, "0.74"), (-0.08, 2, "−0.08"), (-0.001, 2, "0.00"), (12345.6, 1, "12,345.6"), (0.0, 2, "0.00")],
)
def test_a_decimal_has_a_true_minus_and_no_negative_zero(value: float, places: int, written: str) -> None:
    assert figures.decimal(value, places) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (0.000812, "0.000812"), (9.84, "9.84"), (1234.5, "1,234"), (20.0, "20"), (-0.5, "−0.5"), (1e-15, "0")],
)
def test_three_significant_digits_without_an_exponent(value: float, written: str) -> None:
    assert figures.significant(value) == written


@pytest.mark.parametrize(
    ("share", "written"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.42, "42 %"), (0.0004, "<1 %"), (0.9999, ">99 %"), (0.0051, "1 %")],
)
def test_a_share_never_rounds_to_nothing_or_all_unless_it_is(share: float, written: str) -> None:
    assert figures.percent(share) == written


@pytest.mark.parametrize(
    ("share", "written"), [(0, "never"), (0.00081, "1 in 1,230"), (0.24, "1 in 4.2"), (1, "1 in 1")]
)
def test_a_small_share_in_words(share: float, written: str) -> None:
    assert figures.one_in(share) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.4, "0 s"), (45, "45 s"), (60, "1 min"), (200, "3 min 20 s"), (7_500, "2 h 5 min"), (273_600, "3 d 4 h")],
)
def test_a_span_of_time_in_its_two_largest_units(seconds: float, written: str) -> None:
    assert figures.duration(seconds) == written


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_and_infinity_are_refused(value: float) -> None:
    with pytest.raises(figures.NotANumber, match="the reason why"):
        figures.decimal(value)
