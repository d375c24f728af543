"""Bars of specialties and of tenths of the document: honest lengths, the number written beside."""

import pytest

from annotation.views.drawing.positions import HEIGHT, BadPositions, positions
from annotation.views.drawing.shares import BadShares, Part, share_bars


def test_a_bar_is_as_long_as_its_share_of_all_firings() -> None:
    bars = share_bars(
        [Part(name="Cardiology", firings=75, lift=2.5, tokens=1_000), Part(name="", firings=5, lift=0.5)], 100
    )
    assert [(bar.width, bar.share, bar.firings) for bar in bars] == [(75.0, "75 %", "75"), (5.0, "5 %", "5")]
    assert [(bar.lift, bar.words) for bar in bars] == [
        ("2.5 ×", "more often than overall"),
        ("0.5 ×", "less often than overall"),
    ]
    assert (bars[0].tokens, bars[1].tokens, bars[1].name) == ("1,000", "", "not stated")


def test_about_the_usual_rate_is_called_so() -> None:
    assert share_bars([Part(name="Plan", firings=1, lift=1.1)], 4)[0].words == "as often as overall"


@pytest.mark.parametrize("firings", [101, -1])
def test_a_part_is_no_more_than_the_whole_and_no_less_than_nothing(firings: int) -> None:
    with pytest.raises(BadShares):
        share_bars([Part(name="Plan", firings=firings, lift=1.0)], 100)


def test_ten_bars_fill_the_width_and_the_most_frequent_is_tallest() -> None:
    plot = positions([0, 1, 400, 0, 0, 0, 0, 0, 0, 100], [1_000] * 10)
    assert plot is not None
    assert sum(tenth.width for tenth in plot.tenths) == pytest.approx(100)
    assert [tenth.height for tenth in plot.tenths[:3]] == [0.0, 3.0, HEIGHT]  # rare is not never
    assert plot.tenths[9].height == pytest.approx(HEIGHT / 4)
    assert (plot.total, plot.sentence) == ("501", "most often at 20 to 30 % of the note (400)")
    assert plot.tenths[2].density == "400"


def test_without_tokens_there_is_no_density_and_without_firings_no_plot() -> None:
    plot = positions([3, 0])
    assert plot is not None
    assert (plot.tenths[0].tokens, plot.tenths[0].density) == ("", "")
    assert plot.sentence == "most often at the very beginning (3)"
    assert positions([0] * 10, [5] * 10) is None


@pytest.mark.parametrize(("firings", "tokens"), [([-1, 2], []), ([1, 2], [5])])
def test_counts_that_cannot_be_are_refused(firings: list[int], tokens: list[int]) -> None:
    with pytest.raises(BadPositions):
        positions(firings, tokens)
