import itertools

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.science import alpha as alpha_module
from annotation.science import bootstrap, weighted_sums
from annotation.science.alpha import WitnessesDisagreeError, alpha
from annotation.science.distance import distance_matrix, masi_distance
from annotation.science.rated_pairs import rated_pairs
from annotation.science.table import RatingTable
from annotation.science.types import Answer, Estimate, Interval, ScienceError, Undefined
from annotation.science.weighted_alpha import weighted_alpha

SETS = [frozenset(), frozenset("a"), frozenset("ab"), frozenset("bc"), frozenset("abc")]


def as_table(rows, domain=None):
    answers = [Answer(f"{i:03d}", str(j), value) for i, row in enumerate(rows) for j, value in enumerate(row)]
    return RatingTable.from_answers(answers, domain)


def own_value(table, level):
    pairs = rated_pairs(table.codes, len(table.values))
    return float(weighted_alpha(pairs, table.values, level)(np.ones((1, pairs.n_units)))[0])


def tables(values):
    row = st.lists(st.one_of(st.none(), st.sampled_from(values)), min_size=3, max_size=3)
    return st.lists(row, min_size=2, max_size=12)


@pytest.mark.parametrize("example", ["A", "B", "C"])
def test_the_published_examples_come_out_to_their_decimals(golden, example):
    published = [
        (row["level"], float(row["value"]), int(row["decimals"]))
        for row in golden("agreement_expected.csv")
        if row["coefficient"] == "alpha" and row["example"] == example
    ]
    number = str if example == "B" else int
    table = RatingTable.from_answers(
        Answer(row["unit"], row["rater"], number(row["value"]) if row["value"] else None)
        for row in golden("krippendorff_2011.csv")
        if row["example"] == example
    )
    assert published
    for level, value, decimals in published:
        assert round(alpha(table, level, seed=1).value, decimals) == value
        assert round(own_value(table, level), decimals) == value


def test_the_estimate_says_what_it_rests_on(golden):
    rows = [row for row in golden("krippendorff_2011.csv") if row["example"] == "C"]
    table = RatingTable.from_answers(
        Answer(row["unit"], row["rater"], int(row["value"]) if row["value"] else None) for row in rows
    )
    estimate = alpha(table, "ordinal", seed=7, replicates=500)
    assert (estimate.n_units, estimate.n_ratings, estimate.n_raters) == (11, 40, 4)
    assert (estimate.level, estimate.seed, estimate.replicates) == ("ordinal", 7, 500)
    assert estimate.method.startswith("Krippendorff's alpha, krippendorff 0.9")
    assert estimate.low < estimate.value < estimate.high


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@given(rows=tables([1, 2, 3, 5]))
def test_our_computation_and_the_package_agree_on_any_table(level, rows):
    table = as_table(rows, [1, 2, 3, 5])
    counts = table.counts[table.counts.sum(axis=1) >= 2]
    if len(counts) < 2 or (counts.sum(axis=0) > 0).sum() < 2:
        assert isinstance(alpha(table, level, seed=0, replicates=10), Undefined)
        return
    reference = krippendorff.alpha(
        reliability_data=np.array(rows, dtype=float).T, value_domain=[1, 2, 3, 5], level_of_measurement=level
    )
    assert own_value(table, level) == pytest.approx(reference, abs=1e-12)
    assert alpha(table, level, seed=0, replicates=10).value == pytest.approx(reference, abs=1e-12)


@given(rows=tables(SETS))
def test_alpha_of_sets_is_that_of_a_plain_loop_over_pairs(rows):
    table = as_table(rows, SETS)
    result = alpha(table, "sets", seed=0, replicates=10)
    units = [[value for value in row if value is not None] for row in rows]
    units = [unit for unit in units if len(unit) >= 2]
    pooled = [value for unit in units for value in unit]
    expected = [masi_distance(a, b) for a, b in itertools.permutations(pooled, 2)]
    if len(units) < 2 or sum(expected) == 0:
        assert isinstance(result, Undefined)
        return
    within = sum(
        sum(masi_distance(a, b) for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units
    )
    assert result.value == pytest.approx(1 - within * (len(pooled) - 1) / sum(expected), abs=1e-12)


def test_masi_distances_are_passonneaus():
    assert masi_distance(frozenset("ab"), frozenset("ab")) == 0
    assert masi_distance(frozenset("ab"), frozenset("abcd")) == pytest.approx(1 - 2 / 4 * 2 / 3)
    assert masi_distance(frozenset("ab"), frozenset("bc")) == pytest.approx(1 - 1 / 3 * 1 / 3)
    assert masi_distance(frozenset("a"), frozenset("b")) == 1
    assert masi_distance(frozenset(), frozenset()) == 0
    assert masi_distance(frozenset(), frozenset("a")) == 1


@given(rows=tables(["a", "b", "c"]), seed=st.integers(0, 1000))
def test_neither_order_nor_the_names_of_categories_change_nominal_alpha(rows, seed):
    before = alpha(as_table(rows, ["a", "b", "c"]), "nominal", seed=1, replicates=20)
    rng = np.random.default_rng(seed)
    renamed = {"a": "z", "b": "x", "c": "y", None: None}
    shuffled = [[renamed[row[j]] for j in rng.permutation(3)] for row in (rows[i] for i in rng.permutation(len(rows)))]
    after = alpha(as_table(shuffled, ["x", "y", "z"]), "nominal", seed=1, replicates=20)
    if isinstance(before, Undefined):
        assert before == after
    else:
        assert after.value == pytest.approx(before.value, abs=1e-12)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_full_agreement_with_variation_is_one_and_its_precision_is_not_pretended(level):
    result = alpha(as_table([[1 + i % 3] * 3 for i in range(15)]), level, seed=1)
    assert result.value == 1
    assert result.low is None
    assert "says nothing about its precision" in result.interval_reason


def test_independent_labels_agree_about_as_often_as_chance():
    rng = np.random.default_rng(5)
    result = alpha(as_table(rng.integers(0, 4, (800, 3)).tolist()), "nominal", seed=1, replicates=200)
    assert abs(result.value) < 0.04
    assert result.low < 0 < result.high


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "No latent has been rated by two raters"),
        ([["a", None], [None, "b"]], "No latent has been rated by two raters"),
        ([["a", "b"], ["a", None]], "Only one latent"),
        ([["a", "a"]] * 12, "Every rating is the same"),
        ([["a", "a"], ["a", "a"], ["b", None]], "Every rating is the same"),
    ],
)
def test_where_alpha_has_no_value_a_sentence_says_why(rows, words):
    result = alpha(as_table(rows), "nominal", seed=1)
    assert isinstance(result, Undefined)
    assert words in result.reason


def test_few_latents_give_a_value_without_an_interval():
    result = alpha(as_table([["a", "b"], ["b", "b"], ["a", "a"]]), "nominal", seed=1)
    assert isinstance(result, Estimate)
    assert result.interval == Undefined("An interval needs at least 10 latents with two ratings; there are 3.")


def test_one_stray_rating_gives_a_value_without_an_interval():
    rows = [["a", "a"]] * 30 + [["a", "b"]]
    result = alpha(as_table(rows), "nominal", seed=1)
    assert result.value < 0.1
    assert "resamples every rating was the same" in result.interval_reason


def test_the_seed_decides_the_interval():
    rng = np.random.default_rng(1)
    table = as_table(rng.integers(0, 3, (40, 3)).tolist())
    first, again, other = (alpha(table, "nominal", seed=seed).interval for seed in (1, 1, 2))
    assert first == again != other
    assert isinstance(first, Interval)


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_a_replicate_is_alpha_of_the_drawn_latents(level):
    rng = np.random.default_rng(3)
    rows = rng.integers(1, 5, (12, 3)).tolist()
    table = as_table(rows, [1, 2, 3, 4])
    weights = rng.multinomial(12, np.full(12, 1 / 12), size=5).astype(float)
    found = weighted_alpha(rated_pairs(table.codes, 4), table.values, level)(weights)
    drawn = [[row for row, times in zip(rows, w, strict=True) for _ in range(int(times))] for w in weights]
    assert found == pytest.approx([own_value(as_table(d, [1, 2, 3, 4]), level) for d in drawn], abs=1e-12)


def test_the_interval_covers_the_true_alpha_about_as_often_as_it_says():
    right, classes, trials = 0.7, 3, 200
    agree = right**2 + (1 - right) ** 2 / (classes - 1)
    true_alpha = (agree - 1 / classes) / (1 - 1 / classes)
    rng = np.random.default_rng(11)
    covered = 0
    for trial in range(trials):
        truth = rng.integers(0, classes, (60, 1))
        slip = rng.integers(1, classes, (60, 3)) * (rng.random((60, 3)) > right)
        interval = alpha(as_table(((truth + slip) % classes).tolist()), "nominal", seed=trial, replicates=300).interval
        covered += interval.low <= true_alpha <= interval.high
    assert 0.90 <= covered / trials <= 0.985


def test_a_table_too_large_for_the_package_uses_our_own_value(monkeypatch):
    table = as_table([["a", "b"], ["b", "b"], ["a", "a"]])
    reference = alpha(table, "nominal", seed=1)
    monkeypatch.setattr(alpha_module, "PACKAGE_CELLS", 1)
    own = alpha(table, "nominal", seed=1)
    assert own.value == pytest.approx(reference.value, abs=1e-12)
    assert own.method == "Krippendorff's alpha, own computation"


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_thousands_of_possible_answers_give_the_same_figures_by_sparse_sums(monkeypatch, level):
    rng = np.random.default_rng(8)
    table = as_table(rng.integers(1, 30, (40, 4)).tolist())
    dense = alpha(table, level, seed=1, replicates=50)
    monkeypatch.setattr(weighted_sums, "DENSE_COLUMNS", 1)
    sparse = alpha(table, level, seed=1, replicates=50)
    assert sparse.value == dense.value
    assert (sparse.low, sparse.high) == pytest.approx((dense.low, dense.high), abs=1e-12)


def test_draws_are_multinomial():
    """Each latent is drawn once on average, with variance 1 - 1/n, and a replicate always holds n of them."""
    drawn = bootstrap._times_drawn(50, 20_000, np.random.default_rng(3))
    assert (drawn.sum(axis=1) == 50).all()
    assert drawn.mean(axis=0) == pytest.approx(np.ones(50), abs=0.04)
    covariance = np.cov(drawn.T)
    assert np.diag(covariance) == pytest.approx(np.full(50, 1 - 1 / 50), abs=0.06)
    assert covariance[~np.eye(50, dtype=bool)].mean() == pytest.approx(-1 / 50, abs=0.002)


def test_a_difference_between_the_two_computations_is_never_published(monkeypatch):
    monkeypatch.setattr(alpha_module.krippendorff, "alpha", lambda **_: 0.5)
    with pytest.raises(WitnessesDisagreeError, match="neither is published"):
        alpha(as_table([["a", "b"], ["b", "b"], ["a", "a"]]), "nominal", seed=1)


@pytest.mark.parametrize(("level", "words"), [("interval", "needs numbers"), ("sets", "needs frozensets")])
def test_values_that_do_not_fit_the_level_are_refused(level, words):
    with pytest.raises(ScienceError, match=words):
        distance_matrix(("a", "b"), level)
