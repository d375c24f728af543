"""What a figure becomes with each one left out, drawn from the figure with everybody."""

import pytest

from annotation.views.drawing.tornado import BadTornado, Without, tornado


def test_the_largest_change_of_each_group_comes_first_and_undefined_last() -> None:
    plot = tornado(
        0.5,
        [
            Without(label="R01", value=0.52, group="Raters"),
            Without(label="R02", value=None, reason="One answer alone.", group="Raters"),
            Without(label="R03", value=0.4, group="Raters"),
            Without(label="north", value=0.6, group="Institutions"),
        ],
    )
    assert [row.label for row in plot.rows] == ["R03", "R01", "R02", "north"]
    assert [row.first_of_group for row in plot.rows] == [True, False, False, True]
    assert [row.change for row in plot.rows] == ["−0.10", "+0.02", "", "+0.10"]
    assert plot.base == 50
    low, high = plot.rows[0], plot.rows[3]
    assert (low.x, low.start, low.up) == (0, 0, False)
    assert (high.start, high.start + high.width, high.up) == (50, 100, True)


def test_small_changes_stay_small() -> None:
    (row,) = tornado(0.5, [Without(label="R01", value=0.501)]).rows
    assert row.width == pytest.approx(1)
    assert row.change == "0.00"


def test_nobody_to_leave_out_leaves_the_figure_alone() -> None:
    plot = tornado(-0.1, [])
    assert plot.rows == ()
    assert plot.base_value == "−0.10"


def test_what_is_undefined_needs_its_reason() -> None:
    with pytest.raises(BadTornado, match="say why"):
        tornado(0.5, [Without(label="R01", value=None)])
