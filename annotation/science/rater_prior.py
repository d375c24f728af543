"""What is known of a rater before her answers meet those of others: calibration items and her own repeats.

    p ~ Beta(4, 2)
    calibration   prod_i [p r_i + (1 - p)(1 - r_i) / (K - 1)],  r_i: the reference's share for her answer
    retest        match with probability s + (1 - s) c(p),  c(p) = p^2 + (1 - p)^2 u,  s ~ Uniform(0, 1) integrated out

u is the chance that two independent wrong answers coincide, 1/(K - 1) where errors are even. s is the share of answers
repeated from habit or memory: a rater who merely repeats herself gains little (20 matches of 20, K = 6: .67 becomes
.76; with s held at 0 it would be .95). Agreement with colleagues is not used here: the EM uses it already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotation.science.clc_parameters import ClcParameters
from annotation.science.types import CalibrationAnswer, FloatArray, ScienceError

GRID = 401
HABIT_NODES = 48


@dataclass(frozen=True)
class Repeat:
    """Two readings of one latent by the same rater."""

    matched: bool
    chance_match: float
    """u above."""


@dataclass(frozen=True)
class RaterPrior:
    mean: float
    low: float
    high: float
    """95 % credible interval of the probability that she is right."""
    strength: float
    """How many answers the prior is worth in the EM."""
    n_calibration: int
    n_repeats: int
    n_matched: int


def rater_prior(
    calibration: Sequence[CalibrationAnswer], repeats: Sequence[Repeat], params: ClcParameters
) -> RaterPrior:
    """Posterior of one rater's accuracy on a grid of `GRID` midpoints. Raises ScienceError for an impossible share."""
    p = (np.arange(GRID) + 0.5) / GRID
    log_density = (params.rater_prior_right - 1) * np.log(p) + (params.rater_prior_wrong - 1) * np.log1p(-p)
    for answer in calibration:
        log_density += np.log(_calibration_likelihood(answer, p))
    log_density += _retest_log_likelihood(repeats, p)
    density = np.exp(log_density - log_density.max())
    density /= density.sum()
    mean = float(density @ p)
    spread = float(density @ (p - mean) ** 2)
    low, high = np.interp([0.025, 0.975], np.cumsum(density) - density / 2, p)
    strength = mean * (1 - mean) / spread - 1
    return RaterPrior(
        mean=mean,
        low=float(low),
        high=float(high),
        strength=float(np.clip(strength, params.rater_strength_low, params.rater_strength_high)),
        n_calibration=len(calibration),
        n_repeats=len(repeats),
        n_matched=sum(repeat.matched for repeat in repeats),
    )


def _calibration_likelihood(answer: CalibrationAnswer, p: FloatArray) -> FloatArray:
    share = answer.reference_share
    if not 0 <= share <= 1 or answer.n_classes < 2:
        raise ScienceError(
            f"The calibration answer of {answer.rater} on {answer.latent} needs a reference share between 0 and 1 "
            f"(it is {share}) and at least two classes (there are {answer.n_classes})."
        )
    return p * share + (1 - p) * (1 - share) / (answer.n_classes - 1)


def _retest_log_likelihood(repeats: Sequence[Repeat], p: FloatArray) -> FloatArray:
    if not repeats:
        return np.zeros_like(p)
    nodes, node_weights = np.polynomial.legendre.leggauss(HABIT_NODES)
    habit = ((nodes + 1) / 2)[:, None]
    total = np.zeros((HABIT_NODES, len(p)))
    for repeat in repeats:
        match = habit + (1 - habit) * (p**2 + (1 - p) ** 2 * repeat.chance_match)
        total += np.log(match if repeat.matched else 1 - match)
    peak = total.max(axis=0)
    return np.asarray(np.log(node_weights / 2 @ np.exp(total - peak)) + peak, dtype=np.float64)
