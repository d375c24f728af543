import krippendorff
import numpy as np
import pytest

from annotation.science.alpha import alpha
from annotation.science.influence import influence
from annotation.science.table import RatingTable
from annotation.science.types import Answer, Undefined


def as_table(rows, domain=None):
    answers = [Answer(f"{i:03d}", str(j), value) for i, row in enumerate(rows) for j, value in enumerate(row)]
    return RatingTable.from_answers(answers, domain)


def steady_and_a_guesser(n=60):
    rng = np.random.default_rng(6)
    truth = rng.integers(1, 5, n)
    return [[int(t), int(t), int(t) if rng.random() < 0.9 else 1, int(rng.integers(1, 5))] for t in truth]


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_without_her_is_alpha_of_the_table_without_her_column(level):
    rows = steady_and_a_guesser()
    whole = alpha(as_table(rows), level, seed=1).value
    for j, entry in enumerate(influence(as_table(rows), level, seed=1, replicates=50)):
        others = np.delete(np.array(rows, dtype=float), j, axis=1)
        package = krippendorff.alpha(reliability_data=others.T, level_of_measurement=level)
        assert entry.rater == str(j)
        assert entry.n_ratings == 60
        assert entry.without.value == pytest.approx(float(package), abs=1e-12)
        assert entry.change.value == pytest.approx(float(package) - whole, abs=1e-9)


def test_who_guesses_pulls_agreement_down_and_the_others_hold_it_up():
    *steady, guesser = influence(as_table(steady_and_a_guesser()), "nominal", seed=1)
    assert guesser.change.low > 0
    assert all(entry.change.high < 0 for entry in steady)


def test_the_interval_of_a_change_is_narrower_than_if_the_two_alphas_were_strangers():
    entry = influence(as_table(steady_and_a_guesser()), "nominal", seed=1)[0]
    whole = alpha(as_table(steady_and_a_guesser()), "nominal", seed=1)
    apart = np.hypot(whole.high - whole.low, entry.without.high - entry.without.low)
    assert entry.change.high - entry.change.low < 0.8 * apart


def test_latents_that_only_she_shares_with_another_drop_out_without_her():
    rows = [["a", "b", None]] * 5 + [["a", "a", "a"], ["b", "b", "b"]] * 6
    found = influence(as_table(rows), "nominal", seed=1)[0]
    assert found.without.n_units == 12
    assert found.change.n_units == 17
    assert found.without.value == 1


def test_of_two_raters_neither_can_be_left_out():
    for entry in influence(as_table([["a", "b"], ["b", "b"], ["a", "a"]]), "nominal", seed=1):
        assert "No latent has been rated by two raters" in entry.without.reason
        assert entry.change == Undefined(entry.without.reason)


def test_where_alpha_itself_is_undefined_so_is_every_change():
    for entry in influence(as_table([["a", "a", "a"]] * 12), "nominal", seed=1):
        assert "Every rating is the same" in entry.change.reason


def test_the_seed_decides_the_interval():
    table = as_table(steady_and_a_guesser())
    first, again, other = (influence(table, "ordinal", seed=seed, replicates=100) for seed in (1, 1, 2))
    assert first == again != other
