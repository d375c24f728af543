import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.science.distance import masi_distance
from annotation.science.hierarchy import concept_distances
from annotation.science.pairwise import pairwise_kappa
from annotation.science.table import RatingTable
from annotation.science.types import Answer, Undefined

SETS = (frozenset(), frozenset("a"), frozenset("ab"), frozenset("bc"))


def as_table(rows, domain):
    answers = [Answer(f"{i:03d}", str(j), value) for i, row in enumerate(rows) for j, value in enumerate(row)]
    return RatingTable.from_answers(answers, domain)


def pairs_of(values):
    cell = st.one_of(st.none(), st.sampled_from(values))
    return st.lists(st.lists(cell, min_size=2, max_size=2), min_size=1, max_size=12)


def naive(rows, apart):
    """Cohen's kappa by loops over the latents that both answered; None where it has no value."""
    both = [(a, b) for a, b in rows if a is not None and b is not None]
    if len(both) < 2:
        return None
    observed = sum(apart(a, b) for a, b in both) / len(both)
    chance = sum(apart(a, b) for a, _ in both for _, b in both) / len(both) ** 2
    return 1 - observed / chance if chance else None


def the_pair(rows, level, domain, **more):
    (pair,) = pairwise_kappa(as_table(rows, domain), level, **more)
    return pair


@pytest.mark.parametrize(
    ("level", "values", "apart"),
    [
        ("nominal", (1, 2, 3), lambda a, b: float(a != b)),
        ("interval", (1, 2, 5), lambda a, b: float((a - b) ** 2)),
        ("ordinal", ("low", "mid", "high"), lambda a, b: float((["low", "mid", "high"].index(a)
                                                                 - ["low", "mid", "high"].index(b)) ** 2)),
        ("sets", SETS, masi_distance),
    ],
)  # fmt: skip
@given(data=st.data())
def test_it_is_that_of_a_plain_loop(level, values, apart, data):
    rows = data.draw(pairs_of(values))
    expected = naive(rows, apart)
    pair = the_pair(rows, level, values)
    assert pair.n == sum(None not in row for row in rows)
    if expected is None:
        assert isinstance(pair.kappa, Undefined)
    else:
        assert pair.kappa == pytest.approx(expected, abs=1e-12)


def test_the_textbook_example_comes_out(golden):
    cells = golden("kappa_two_readers.csv")
    rows = [[cell["first"], cell["second"]] for cell in cells for _ in range(int(cell["proposals"]))]
    pair = the_pair(rows, "nominal", ("yes", "no"))
    assert pair.kappa == pytest.approx(0.4)
    assert pair.raw == pytest.approx(0.7)
    assert pair.n == 50


def test_quadratic_weights_are_the_intraclass_correlation_when_both_spread_alike():
    """Fleiss and Cohen 1973: with equal means and variances it is Pearson's correlation."""
    first = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]
    second = [2, 1, 3, 5, 4, 1, 2, 3, 4, 5]
    pair = the_pair(list(zip(first, second, strict=True)), "ordinal", (1, 2, 3, 4, 5))
    assert pair.kappa == pytest.approx(np.corrcoef(first, second)[0, 1])


def test_a_near_miss_in_the_hierarchy_costs_less():
    names = ("angina", "asthma", "infarction")
    broader = {"angina": frozenset({"heart"}), "infarction": frozenset({"heart"})}
    rows = [["angina", "infarction"]] * 3 + [["asthma", "asthma"]] * 3
    near = the_pair(rows, "hierarchy", names, distances=concept_distances(names, broader)).kappa
    expected = naive(rows, lambda a, b: 0.0 if a == b else 0.5 if "asthma" not in (a, b) else 1.0)
    assert near == pytest.approx(expected)
    assert near > the_pair(rows, "nominal", names).kappa


def test_every_two_raters_are_listed_in_order():
    pairs = pairwise_kappa(as_table([[1, 2, 1], [2, 2, None]], (1, 2)), "nominal")
    assert [(pair.first, pair.second, pair.n) for pair in pairs] == [("0", "1", 2), ("0", "2", 1), ("1", "2", 1)]


@pytest.mark.parametrize(
    ("rows", "raw", "words"),
    [
        ([[1, None], [None, 2]], None, "no latent in common"),
        ([[1, 1]], 1.0, "one latent in common"),
        ([[1, 1], [1, 1], [1, 1]], 1.0, "same answer throughout"),
    ],
)
def test_where_it_has_no_value_a_sentence_says_why(rows, raw, words):
    pair = the_pair(rows, "nominal", (1, 2))
    assert words in pair.kappa.reason
    assert (pair.raw == raw) if raw is not None else isinstance(pair.raw, Undefined)


def test_constant_raters_who_differ_agree_no_better_than_chance():
    assert the_pair([[1, 2]] * 5, "nominal", (1, 2)).kappa == 0


@given(pairs_of((1, 2, 3)))
def test_neither_the_order_of_raters_nor_of_latents_matters(rows):
    there = the_pair(rows, "nominal", (1, 2, 3)).kappa
    back = the_pair([row[::-1] for row in rows[::-1]], "nominal", (3, 1, 2)).kappa
    assert there == back or there == pytest.approx(back, abs=1e-12)
