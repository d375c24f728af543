import numpy as np
import pytest

from annotation.science.dawid_skene import dawid_skene
from annotation.science.types import Answer, ScienceError, Undefined, closed_item, open_item

GRADES = closed_item((1, 2, 3, 4))


@pytest.fixture
def anaesthetists(golden):
    return [
        Answer(row["patient"], row["observer"], int(row["rating"]), reading=int(row["reading"]))
        for row in golden("dawid_skene_1979.csv")
    ]


def test_the_anaesthetists_posteriors_come_out_to_six_decimals(golden, anaesthetists):
    result = dawid_skene(anaesthetists, GRADES)
    expected = golden("dawid_skene_1979_posteriors.csv")
    assert len(expected) == 45
    for row in expected:
        found = list(result.of(row["patient"]).values())
        assert found == pytest.approx([float(row[f"class_{k}"]) for k in (1, 2, 3, 4)], abs=1e-6)


def test_so_do_log_likelihood_prevalence_and_the_first_observers_errors(anaesthetists):
    result = dawid_skene(anaesthetists, GRADES)
    assert round(result.log_likelihood, 6) == -192.890881
    assert [round(p, 4) for p in result.prevalence.values()] == [0.3996, 0.4220, 0.1118, 0.0667]
    assert result.error_rates["1"].round(2).tolist() == [
        [0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44],
    ]  # fmt: skip
    assert result.converged


def test_an_em_that_stops_early_says_so_and_differs(anaesthetists):
    early = dawid_skene(anaesthetists, GRADES, maximum_iterations=4)
    full = dawid_skene(anaesthetists, GRADES)
    assert not early.converged
    assert abs(early.of("38")[3] - full.of("38")[3]) > 1e-4


def test_the_order_of_the_answers_does_not_count(anaesthetists):
    shuffled = [anaesthetists[i] for i in np.random.default_rng(1).permutation(len(anaesthetists))]
    assert dict(dawid_skene(shuffled, GRADES).of("35")) == dict(dawid_skene(anaesthetists, GRADES).of("35"))


def test_an_open_item_has_one_accuracy_a_rater_and_only_its_own_concepts(ratings):
    result = dawid_skene(ratings("aab", "ccd", "eee", "gh."), open_item())
    assert set(result.of("latent 00")) == {"a", "b"}
    assert result.of("latent 00")["a"] > 0.9
    assert result.of("latent 02")["e"] == 1
    assert result.error_rates["rater 0"].shape == (1, 1)
    assert result.method == "Dawid-Skene, one accuracy a rater"
    assert not result.prevalence


def test_without_answers_it_is_undefined():
    assert dawid_skene([], GRADES) == Undefined("Nobody has given an answer yet.")
    assert isinstance(dawid_skene([Answer("1", "ada", None)], GRADES), Undefined)


def test_a_latent_nobody_could_tell_has_no_posterior(ratings):
    assert dict(dawid_skene(ratings("ab", ".."), closed_item("ab")).of("latent 01")) == {}


def test_an_answer_outside_the_options_is_refused(ratings):
    with pytest.raises(ScienceError, match="'c' is not among the rubric's options"):
        dawid_skene(ratings("abc"), closed_item("ab"))


def test_an_item_needs_two_options():
    with pytest.raises(ScienceError, match="at least two options"):
        closed_item(["a"])
