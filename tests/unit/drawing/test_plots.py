"""The geometry of the figures: what is drawn is what was counted, and what is undefined says why."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.views.drawing.density import BadDensity, density_meter
from annotation.views.drawing.distribution import BadDistribution, Method, distribution
from annotation.views.drawing.forest import BadEstimate, Estimate, forest
from annotation.views.drawing.histogram import HEIGHT, BadHistogram, histogram
from annotation.views.drawing.progress import BadProgress, progress_bar
from annotation.views.drawing.sparkline import BadSparkline, sparkline
from annotation.views.drawing.votes import BadVotes, votes

EDGES = [1.0, 2.0, 4.0, 8.0, 16.0]


def test_log_spaced_bins_are_drawn_equally_wide_and_the_tallest_fills_the_plot() -> None:
    drawn = histogram(EDGES, [10, 40, 20, 5])
    assert drawn is not None
    assert [bar.width for bar in drawn.bars] == [25, 25, 25, 25]
    assert [bar.height for bar in drawn.bars] == [30, HEIGHT, 60, 15]
    assert (drawn.total, drawn.most, drawn.mode) == ("75", "40", "2 to 4")


def test_empty_ends_are_cut_off_and_a_gap_inside_stays() -> None:
    drawn = histogram([0.5, *EDGES], [0, 3, 0, 1, 0])
    assert drawn is not None
    assert [(bar.low, bar.empty) for bar in drawn.bars] == [("1", False), ("2", True), ("4", False)]


def test_one_firing_among_a_million_can_still_be_seen() -> None:
    drawn = histogram(EDGES, [1, 1_000_000, 0, 0])
    assert drawn is not None
    assert drawn.bars[0].height == 3


def test_a_latent_that_never_fired_has_no_histogram() -> None:
    assert histogram(EDGES, [0, 0, 0, 0]) is None


@pytest.mark.parametrize(("edges", "counts"), [(EDGES, [1, 2]), ([0, 1], [1]), ([2, 1], [1]), ([1, 2], [-1])])
def test_edges_and_counts_that_do_not_fit_are_refused(edges: list[float], counts: list[int]) -> None:
    with pytest.raises(BadHistogram):
        histogram(edges, counts)


def test_a_density_stands_where_its_logarithm_says_and_beyond_the_bound_is_said() -> None:
    meter = density_meter(1e-3, bound=0.1)
    assert (meter.x, meter.words, meter.beyond) == (50, "1 in 1,000 tokens", False)
    assert density_meter(0.24, bound=0.1).beyond
    assert density_meter(0).words == "never"
    with pytest.raises(BadDensity):
        density_meter(1.2)


def test_a_forest_shares_one_scale_that_holds_every_interval() -> None:
    drawn = forest([Estimate(label="a", n=64, value=0.5, low=0.25, high=0.75), Estimate(label="b", n=3, value=1.0)])
    first, second = drawn.rows
    assert (first.low, first.x, first.high, first.interval) == (25, 50, 75, "[0.25, 0.75]")
    assert (second.x, second.has_interval, second.interval) == (100, False, "")
    assert drawn.zero == 0


def test_an_interval_beyond_a_given_scale_is_drawn_without_its_end() -> None:
    row = forest([Estimate(label="a", n=3, value=0.1, low=-0.4, high=0.6)], low=0, high=1).rows[0]
    assert (row.clipped_low, row.clipped_high, row.low) == (True, False, 0)


def test_an_undefined_estimate_keeps_its_n_and_its_reason() -> None:
    row = forest([Estimate(label="a", n=64, reason="one category only")]).rows[0]
    assert (row.defined, row.n, row.reason, row.value) == (False, "64", "one category only", "")


def test_a_group_is_headed_once() -> None:
    rows = forest([Estimate(label=str(k), n=1, value=0.5, group="alpha" if k < 2 else "AC1") for k in range(4)]).rows
    assert [row.first_of_group for row in rows] == [True, False, True, False]


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ({"value": float("nan")}, "nan"),
        ({}, "no reason"),
        ({"value": 0.5, "low": 0.1}, "half an interval"),
        ({"value": 0.5, "low": 0.9, "high": 0.1}, "ends before"),
    ],
)
def test_an_estimate_that_no_reader_could_understand_is_refused(numbers: dict[str, float], says: str) -> None:
    with pytest.raises(BadEstimate, match=says):
        Estimate(label="a", n=1, **numbers)  # type: ignore[arg-type]


def test_methods_stand_side_by_side_with_leaders_ties_and_reasons() -> None:
    drawn = distribution(
        ["heart", "lung"],
        [
            Method(name="θ", shares=[0.7, 0.3], intervals=[(0.5, 0.9), (0.1, 0.5)], primary=True),
            Method(name="majority", shares=[0.5, 0.5]),
            Method(name="Dawid-Skene", reason="too few latents"),
        ],
    )
    heart, lung = drawn.rows
    assert [(cell.share, cell.leads, cell.ties) for cell in heart.cells] == [
        ("0.70", True, False),
        ("0.50", True, True),
        ("", False, False),
    ]
    assert (heart.cells[0].low, heart.cells[0].high, heart.leads, lung.leads) == (50, 90, True, False)
    assert [method.name for method in drawn.undefined] == ["Dawid-Skene"]


@pytest.mark.parametrize("shares", [[0.5], [0.7, 0.7], [1.2, -0.2], [float("nan"), 1.0], None])
def test_shares_that_are_no_distribution_are_refused(shares: list[float] | None) -> None:
    with pytest.raises(BadDistribution):
        distribution(["heart", "lung"], [Method(name="θ", shares=shares)])


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=8))
def test_votes_fill_the_bar_without_gap_or_overlap(counts: dict[str, int]) -> None:
    drawn = votes(counts)
    assert drawn.total == sum(counts.values())
    for left, right in itertools.pairwise(drawn.votes):
        assert left.x + left.width == pytest.approx(right.x, abs=0.01)
    if drawn.total:
        assert sum(vote.width for vote in drawn.votes) == pytest.approx(100, abs=0.01)


def test_votes_are_told_in_a_sentence_and_nobody_votes_less_than_once() -> None:
    assert votes({"infarction": 3, "angina": 2, "other": 0}).sentence == "infarction 3, angina 2"
    with pytest.raises(BadVotes):
        votes({"infarction": -1})


def test_a_line_runs_from_the_first_to_the_last_value() -> None:
    drawn = sparkline([1, 3, 2])
    assert drawn is not None
    assert [(stroke.y1, stroke.y2) for stroke in drawn.strokes] == [(21, 3), (3, 12)]
    assert drawn.sentence == "From 1 to 2, lowest 1, highest 3, 3 points"
    assert sparkline([1]) is None
    with pytest.raises(BadSparkline):
        sparkline([1, float("nan")])


def test_progress_in_numbers_and_words() -> None:
    bar = progress_bar(41_200, 60_000, 850)
    assert (bar.percent, bar.amount, bar.rate, bar.left) == (
        68, "41,200 of 60,000 tokens", "850 tokens/s", "about 20 s left",
    )  # fmt: skip


def test_progress_is_not_finished_before_the_end_and_may_not_know_its_end() -> None:
    assert progress_bar(59_999, 60_000).percent == 99
    assert not progress_bar(0, 0).known
    assert progress_bar(5, 10, float("nan")).left == ""
    with pytest.raises(BadProgress):
        progress_bar(11, 10)
