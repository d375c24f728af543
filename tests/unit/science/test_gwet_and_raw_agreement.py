import itertools

import numpy as np
import pytest

from annotation.science.alpha import alpha
from annotation.science.gwet import gwet, weight_matrix
from annotation.science.raw_agreement import raw_agreement
from annotation.science.table import RatingTable
from annotation.science.types import Answer, ScienceError, Undefined
from annotation.science.unit_agreement import unit_agreement


@pytest.fixture
def four_raters(golden):
    rows = golden("gwet_four_raters.csv")
    return RatingTable.from_answers(
        Answer(row["unit"], row["rater"], int(row["value"]) if row["value"] else None) for row in rows
    )


def test_the_four_rater_example_comes_out_to_five_decimals(golden, four_raters):
    expected = {row["coefficient"]: float(row["value"]) for row in golden("agreement_expected.csv")
                if row["example"] == "G"}  # fmt: skip
    assert round(gwet(four_raters, seed=1).value, 5) == expected["AC1"]
    assert round(raw_agreement(four_raters, seed=1).value, 5) == expected["raw"]
    assert round(alpha(four_raters, "nominal", seed=1).value, 5) == expected["alpha"]


def test_the_bootstrap_spreads_as_widely_as_the_published_standard_error(four_raters):
    """irrCAC gives .14295 for AC1; half the width of a 95 % interval is near 1.96 of it."""
    interval = gwet(four_raters, seed=1).interval
    assert (interval.high - interval.low) / 2 / 1.96 == pytest.approx(0.143, abs=0.03)


@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic", "ordinal"])
def test_ac2_is_that_of_a_plain_loop(table_of, weights):
    rng = np.random.default_rng(4)
    rows = [[None if rng.random() < 0.2 else int(rng.integers(1, 5)) for _ in range(4)] for _ in range(20)]
    units = [[v for v in row if v is not None] for row in rows]
    units = [unit for unit in units if unit]
    w = weight_matrix((1, 2, 3, 4), weights)
    pairs = [[w[a - 1, b - 1] for a, b in itertools.permutations(unit, 2)] for unit in units if len(unit) > 1]
    observed = np.mean([np.mean(p) for p in pairs])
    share = np.mean([[unit.count(v) / len(unit) for v in (1, 2, 3, 4)] for unit in units], axis=0)
    chance = w.sum() / 12 * sum(s * (1 - s) for s in share)
    result = gwet(table_of(rows, [1, 2, 3, 4]), weights, seed=1, replicates=50)
    assert result.value == pytest.approx((observed - chance) / (1 - chance), abs=1e-12)


def test_ordinal_weights_count_the_pairs_of_steps_between():
    assert weight_matrix(("low", "mid", "high"), "ordinal").tolist() == pytest.approx(
        np.array([[1, 2 / 3, 0], [2 / 3, 1, 2 / 3], [0, 2 / 3, 1]])
    )


def test_a_very_common_answer_sinks_alpha_and_not_ac1(table_of):
    table = table_of([["no", "no"]] * 95 + [["no", "yes"]] * 5)
    assert alpha(table, "nominal", seed=1, replicates=100).value < 0
    assert gwet(table, seed=1, replicates=100).value > 0.9


def test_where_every_rating_is_the_same_ac1_is_undefined_and_raw_agreement_is_not(table_of):
    table = table_of([["no", "no"]] * 12, ["no", "yes"])
    assert gwet(table, seed=1) == Undefined("Every rating is the same, so that agreement cannot be told from chance.")
    raw = raw_agreement(table, seed=1)
    assert raw.value == 1
    assert isinstance(raw.interval, Undefined)


def test_without_a_pair_neither_has_a_value(table_of):
    table = table_of([["a", None], [None, "b"]])
    assert isinstance(gwet(table, seed=1), Undefined)
    assert isinstance(raw_agreement(table, seed=1), Undefined)


def test_distance_weights_need_numbers(table_of):
    with pytest.raises(ScienceError, match="Linear weights need numbers"):
        gwet(table_of([["a", "b"], ["b", "b"]]), "linear", seed=1)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_agreement_latent_by_latent_averages_to_alpha(table_of, level):
    rng = np.random.default_rng(2)
    rows = [[None if rng.random() < 0.3 else int(rng.integers(1, 5)) for _ in range(4)] for _ in range(15)]
    table = table_of(rows)
    units = [u for u in unit_agreement(table, level) if not isinstance(u.beyond_chance, Undefined)]
    weighted = sum(u.n_ratings * u.beyond_chance for u in units) / sum(u.n_ratings for u in units)
    assert weighted == pytest.approx(alpha(table, level, seed=1, replicates=10).value, abs=1e-12)


def test_a_latent_with_one_rating_says_so(table_of):
    contested, alone, agreed = unit_agreement(table_of([["a", "b"], ["a", None], ["b", "b"]]), "nominal")
    assert (contested.raw, agreed.raw) == (0, 1)
    assert alone.raw == alone.beyond_chance == Undefined("Fewer than two raters have answered for this latent.")


def test_a_latent_in_a_table_without_variation_has_raw_agreement_only(table_of):
    first, *_ = unit_agreement(table_of([["a", "a"], ["a", "a"]]), "nominal")
    assert first.raw == 1
    assert "Every rating is the same" in first.beyond_chance.reason
