"""What CLC exposes of its fit is what its results rest on."""

import numpy as np
import pytest

from annotation.science.clc import clc
from annotation.science.single_truth import normalised
from annotation.science.types import Answer, LearnabilityScore, closed_item

ITEM = closed_item(("a", "b", "c"))


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(3)
    answers = [
        Answer(
            f"{i:02d}",
            f"rater {j}",
            "abc"[int(rng.choice(3, p=[0.6, 0.3, 0.1]) + i) % 3],
            f"site {j % 2}",
            scores=(LearnabilityScore("reader", float(rng.uniform(0.4, 1))),),
        )
        for i in range(30)
        for j in range(5)
    ]
    return clc(answers, ITEM, seed=1)


def test_q_is_the_prior_and_the_weighted_answers(result):
    fitted = result.fitted
    weighted = fitted.table.sum_by_latent(fitted.omega[:, None] * fitted.log_likelihood)
    assert normalised(fitted.log_prior + weighted) == pytest.approx(fitted.q, abs=1e-8)
    assert fitted.q == pytest.approx(np.array([latent.q for latent in result.latents]), abs=0)
    assert fitted.theta == pytest.approx(np.array([latent.theta for latent in result.latents]), abs=0)


def test_an_answer_s_weight_is_its_institution_s(result):
    fitted = result.fitted
    rho = fitted.rho[fitted.table.institution]
    assert 1 / (1 + (fitted.same - 1) * rho) == pytest.approx(fitted.omega)
    assert fitted.omega.tolist() == [answer.omega for answer in result.answers]


def test_learnability_is_what_the_two_likelihoods_differ_by(result):
    fitted = result.fitted
    difference = fitted.log_likelihood - fitted.rater_log_likelihood
    assert difference == pytest.approx(fitted.table.one_hot * fitted.log_ratios[:, None])
    assert list(fitted.scorer_log_ratios) == ["reader"]
    assert np.exp(fitted.log_ratios).tolist() == [answer.likelihood_ratio for answer in result.answers]


def test_what_is_fitted_is_no_part_of_what_makes_two_results_equal(result):
    assert "fitted" not in repr(result)
