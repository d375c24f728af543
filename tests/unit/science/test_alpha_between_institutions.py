import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.science.alpha import alpha
from annotation.science.between_groups import alpha_between
from annotation.science.distance import distance_matrix
from annotation.science.table import RatingTable
from annotation.science.types import Answer, ScienceError, Undefined

SITES = {"0": "north", "1": "north", "2": "south", "3": "south", "4": "west"}


def as_table(rows, domain=(1, 2, 3)):
    answers = [Answer(f"{i:03d}", str(j), value) for i, row in enumerate(rows) for j, value in enumerate(row)]
    return RatingTable.from_answers(answers, domain)


tables = st.lists(
    st.lists(st.sampled_from([None, 1, 2, 3]), min_size=5, max_size=5), min_size=2, max_size=9
)  # fmt: skip


def naive(rows, level):
    """By loops over ratings, as the docstring says it; None where it has no value."""
    sites = [SITES[str(j)] for j in range(5)]
    observed, pooled, latents = [], [], 0
    for row in rows:
        given_here = [(site, value) for site, value in zip(sites, row, strict=True) if value is not None]
        others = [[v for s, v in given_here if s != site] for site, _ in given_here]
        if not any(others):
            continue
        latents += 1
        pooled += [value for _, value in given_here]
        observed += [(value, other, 1 / len(them)) for (_, value), them in zip(given_here, others, strict=True)
                     for other in them]  # fmt: skip
    if latents < 2 or len(set(pooled)) < 2:
        return None
    if level == "ordinal":
        counts = np.array([pooled.count(v) for v in (1, 2, 3)], dtype=float)
        ranks = np.cumsum(counts) - counts / 2
        d = (ranks[:, None] - ranks[None, :]) ** 2
    else:
        d = distance_matrix((1, 2, 3), level)
    within = sum(weight * d[a - 1, b - 1] for a, b, weight in observed)
    chance = sum(d[a - 1, b - 1] for a in pooled for b in pooled) / (len(pooled) - 1)
    return 1 - within / chance


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@given(rows=tables)
def test_it_is_what_a_loop_over_pairs_from_different_institutions_gives(level, rows):
    expected = naive(rows, level)
    found = alpha_between(as_table(rows), SITES, level, seed=1, replicates=10)
    if expected is None:
        assert isinstance(found, Undefined)
    else:
        assert found.value == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@given(rows=tables)
def test_with_every_rater_by_herself_it_is_alpha(level, rows):
    """The package is behind `alpha`: the second witness."""
    table = as_table(rows)
    alone = {rater: rater for rater in table.raters}
    whole = alpha(table, level, seed=3, replicates=20)
    found = alpha_between(table, alone, level, seed=3, replicates=20)
    if isinstance(whole, Undefined):
        assert isinstance(found, Undefined)
    else:
        assert found.value == pytest.approx(whole.value, abs=1e-9)
        assert (found.n_units, found.n_ratings, found.n_raters) == (whole.n_units, whole.n_ratings, whole.n_raters)


def test_a_hand_computed_example():
    """Two latents are rated from two institutions; the third drops out."""
    rows = [[1, None, 2, None, None], [2, None, 2, None, None], [1, 1, None, None, None]]
    found = alpha_between(as_table(rows), SITES, "nominal", seed=1)
    # Observed: latent 1 gives 1 + 1, latent 2 nothing. Pooled 1, 2, 2, 2: 6 of 12 ordered pairs differ, so D_e = 6/3.
    assert found.value == pytest.approx(1 - 2 / 2)
    assert (found.n_units, found.n_ratings, found.n_raters) == (2, 4, 2)


def test_what_institutions_do_not_share_shows_only_between_them():
    rows = [[1 + i % 2, 1 + i % 2, 2 - i % 2, 2 - i % 2, None] for i in range(20)]
    table = as_table(rows)
    assert alpha(table, "nominal", seed=1).value > -0.4
    assert alpha_between(table, SITES, "nominal", seed=1).value < -0.9


def test_agreement_across_all_institutions_is_one():
    rows = [[1 + i % 3] * 5 for i in range(12)]
    assert alpha_between(as_table(rows), SITES, "nominal", seed=1).value == 1


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[1, 2, None, None, None], [2, 2, None, None, None]], "belong to one institution"),
        ([[1, 2, None, None, None], [None, None, 1, 2, None]], "No latent has been rated from two institutions"),
        ([[1, None, 2, None, None], [None, 1, None, None, None]], "Only one latent has been rated from two"),
        ([[1, None, 1, None, None], [1, None, 1, None, None]], "Every rating is the same"),
        ([], "belong to one institution"),
    ],
)
def test_where_it_has_no_value_a_sentence_says_why(rows, words):
    found = alpha_between(as_table(rows), SITES, "nominal", seed=1)
    assert words in found.reason


def test_a_rater_without_an_institution_is_refused():
    with pytest.raises(ScienceError, match="Rater 1 has no institution"):
        alpha_between(as_table([[1, 2]]), {"0": "north"}, "nominal", seed=1)


def test_the_seed_decides_the_interval():
    rng = np.random.default_rng(4)
    table = as_table(rng.integers(1, 4, (40, 5)).tolist())
    first, again, other = (alpha_between(table, SITES, "nominal", seed=seed).interval for seed in (1, 1, 2))
    assert first == again != other


def test_independent_answers_agree_across_institutions_as_chance_has_it():
    rng = np.random.default_rng(9)
    found = alpha_between(as_table(rng.integers(1, 4, (600, 5)).tolist()), SITES, "nominal", seed=1, replicates=200)
    assert abs(found.value) < 0.04
    assert found.low < 0 < found.high


@given(rows=tables, seed=st.integers(0, 100))
def test_neither_order_nor_names_change_it(rows, seed):
    before = alpha_between(as_table(rows), SITES, "nominal", seed=1, replicates=10)
    rng = np.random.default_rng(seed)
    order = rng.permutation(5)
    renamed = {1: "z", 2: "x", 3: "y", None: None}
    shuffled = [[renamed[row[j]] for j in order] for row in (rows[i] for i in rng.permutation(len(rows)))]
    sites = {str(place): SITES[str(j)] for place, j in enumerate(order)}
    after = alpha_between(as_table(shuffled, ("x", "y", "z")), sites, "nominal", seed=1, replicates=10)
    if isinstance(before, Undefined):
        assert before == after
    else:
        assert after.value == pytest.approx(before.value, abs=1e-12)
