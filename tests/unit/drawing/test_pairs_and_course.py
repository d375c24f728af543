"""Pairs of raters as a shaded square, and an estimate over calibration sets as a line."""

import pytest

from annotation.views.drawing.course import course
from annotation.views.drawing.forest import Estimate
from annotation.views.drawing.pair_matrix import BadPairs, Pair, pair_matrix


def test_every_pair_stands_once_below_the_diagonal() -> None:
    plot = pair_matrix([Pair(first="R01", second="R02", n=9, value=0.6), Pair(first="R03", second="R01", n=4, value=0)])
    assert plot is not None
    assert [name for name, _, _ in plot.names] == ["R01", "R02", "R03"]
    assert [(cell.x, cell.y // plot.cell) for cell in plot.cells] == [(0, 1), (0, 2)]
    assert plot.sentence == "2 pairs, from 0.00 (R03 and R01) to 0.60 (R01 and R02)"


@pytest.mark.parametrize(("value", "shade", "below"), [(-0.2, 0, True), (0, 0, False), (0.1, 1, False), (1, 4, False)])
def test_agreement_beyond_chance_is_shaded_and_less_than_chance_is_marked(
    value: float, shade: int, below: bool
) -> None:
    plot = pair_matrix([Pair(first="a", second="b", n=9, value=value)])
    assert plot is not None
    assert (plot.cells[0].shade, plot.cells[0].below) == (shade, below)


def test_an_undefined_pair_needs_its_reason() -> None:
    with pytest.raises(BadPairs, match="say why"):
        pair_matrix([Pair(first="a", second="b", n=0)])
    plot = pair_matrix([Pair(first="a", second="b", n=0, reason="They have no latent in common.")])
    assert plot is not None
    assert plot.cells[0].value == ""
    assert "They have no latent in common." in plot.cells[0].title


def test_no_pairs_no_square() -> None:
    assert pair_matrix([]) is None


def test_a_course_joins_what_is_defined_and_leaves_a_gap_elsewhere() -> None:
    plot = course(
        [
            Estimate(label="Set 1", n=9, value=0.2, low=0.1, high=0.3),
            Estimate(label="Set 2", n=9, value=0.4),
            Estimate(label="Set 3", n=1, reason="One latent."),
            Estimate(label="Set 4", n=9, value=0.6, low=0.5, high=0.7),
        ]
    )
    assert plot is not None
    assert [point.defined for point in plot.points] == [True, True, False, True]
    assert [point.has_interval for point in plot.points] == [True, False, False, True]
    assert len(plot.joints) == 1
    assert plot.points[3].y < plot.points[0].y  # higher agreement stands higher
    assert plot.points[0].high_y < plot.points[0].y < plot.points[0].low_y
    assert plot.sentence == "from 0.20 in Set 1 to 0.60 in Set 4"


def test_a_course_below_zero_widens_its_scale() -> None:
    plot = course([Estimate(label="Set 1", n=9, value=-0.4)])
    assert plot is not None
    assert any(level.zero for level in plot.levels)
    assert 0 <= plot.points[0].y <= plot.height
    assert course([]) is None
