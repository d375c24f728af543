"""The documented probe: its figures beside other ways to reach them, and that it learns what there is to learn."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.spatial.distance import jensenshannon
from scipy.special import log_softmax
from scipy.stats import entropy

PROBE: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[3] / "docs" / "examples" / "soft_probe.py"))
RNG = np.random.default_rng(11)
PREDICTED = RNG.dirichlet([1.0, 1.0, 1.0], size=40)
THETA = RNG.dirichlet([0.6, 0.6, 0.6], size=40)
WEIGHT = RNG.uniform(0.3, 1.0, size=40)


def test_the_figures_are_those_of_other_ways_to_reach_them() -> None:
    found = PROBE["figures"](PREDICTED, THETA, WEIGHT)
    kl = np.average([entropy(t, p) for t, p in zip(THETA, PREDICTED, strict=True)], weights=WEIGHT)
    own = np.average([entropy(t) for t in THETA], weights=WEIGHT)
    js = np.average([jensenshannon(t, p) ** 2 for t, p in zip(THETA, PREDICTED, strict=True)], weights=WEIGHT)
    assert found["KL divergence"] == pytest.approx(kl)
    assert found["soft cross-entropy"] == pytest.approx(kl + own)
    assert found["JS divergence"] == pytest.approx(js)
    assert found["total variation"] == pytest.approx(
        np.average([max(0.0, *(abs((t - p)[list(s)].sum()) for s in SUBSETS)) for t, p in PAIRS], weights=WEIGHT)
    )


SUBSETS = ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
"""Total variation is the largest difference of the probability of any event."""
PAIRS = list(zip(THETA, PREDICTED, strict=True))


def test_who_predicts_theta_itself_is_perfect() -> None:
    found = PROBE["figures"](THETA, THETA, WEIGHT)
    for name in ("KL divergence", "Brier score", "total variation", "JS divergence"):
        assert found[name] == pytest.approx(0.0, abs=1e-9)
    assert found["entropy correlation"] == pytest.approx(1.0)


def test_confidence_that_is_met_is_calibrated_and_one_that_is_not_is_off_by_as_much() -> None:
    sure, even = np.full(10, 0.8), np.ones(10)
    assert PROBE["calibration_error"](sure, np.full(10, 0.8), even) == pytest.approx(0.0)
    assert PROBE["calibration_error"](sure, np.full(10, 0.3), even) == pytest.approx(0.5)


def test_at_less_coverage_only_the_surest_count() -> None:
    sure, right = np.array([0.9, 0.8, 0.5, 0.4]), np.array([1.0, 1.0, 0.0, 0.5])
    assert PROBE["risk"](sure, right, np.ones(4), 0.5) == 0.0
    assert PROBE["risk"](sure, right, np.ones(4), 1.0) == pytest.approx(0.375)


def test_no_step_away_from_the_fit_lowers_its_loss() -> None:
    x, targets = RNG.normal(size=(30, 4)), RNG.dirichlet([1.0, 1.0, 1.0], size=30)
    weight = RNG.uniform(0.3, 1.0, size=30)
    fitted = PROBE["fit"](x, targets, weight, penalty=0.05)

    def loss(flat: Any) -> float:
        own = flat.reshape(fitted.shape)
        log_p = log_softmax(np.column_stack([x, np.ones(30)]) @ own, axis=1)
        return float(-((weight / weight.sum())[:, None] * targets * log_p).sum() + 0.025 * (own[:-1] ** 2).sum())

    assert np.abs(approx_fprime(fitted.ravel(), loss, 1e-7)).max() < 1e-3


def test_turned_features_give_the_same_probe() -> None:
    x, targets = RNG.normal(size=(20, 50)), RNG.dirichlet([1.0, 1.0], size=20)
    train = np.arange(20) < 14
    turned = PROBE["turned"](x, train)
    assert turned.shape == (20, 14)
    predicted = [
        PROBE["predict"](PROBE["fit"](own[train], targets[train], np.ones(14), penalty=0.1), own[~train])
        for own in (x, turned)
    ]
    assert np.allclose(*predicted, atol=1e-3)


def test_cross_validation_shrinks_noise_and_leaves_what_can_be_learnt() -> None:
    x = RNG.normal(size=(120, 3))
    clear = np.column_stack([x[:, 0] > 0, x[:, 0] <= 0]).astype(float)
    noise = np.column_stack([x[:, 0] > 9, x[:, 0] <= 9]).astype(float)
    noise[RNG.permutation(120)[:60]] = [1.0, 0.0]
    fold = np.arange(120) % 4
    assert PROBE["best_penalty"](x, clear, np.ones(120), fold) == min(PROBE["PENALTIES"])
    assert PROBE["best_penalty"](x, noise, np.ones(120), fold) == max(PROBE["PENALTIES"])
