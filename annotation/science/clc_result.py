"""What CLC returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from annotation.science.clc_fitted import ClcFitted
from annotation.science.clc_parameters import ClcParameters
from annotation.science.institutions import InstitutionEffect
from annotation.science.learnability import ScorerCalibration
from annotation.science.rater_prior import RaterPrior
from annotation.science.types import Undefined, Value


@dataclass(frozen=True)
class LatentConsensus:
    """One latent's answer to one item. `q` and `theta` follow `classes` and each add to 1."""

    latent: str
    classes: tuple[Value, ...]
    q: tuple[float, ...]
    theta: tuple[float, ...]
    n_eff: float
    """Raters' worth of independent answers: the sum of omega."""
    flip_rate: float
    entropy: float
    """Of theta, divided by the log of the number of classes: 0 settled, 1 even."""
    n_raters: int
    n_institutions: int
    cannot_tell: int
    """Raters whose only answer was "cannot tell"."""
    weights: Mapping[str, float]
    """omega by rater."""

    @property
    def winner(self) -> Value:
        """The class with the largest q."""
        return self.classes[self.q.index(self.q_max)]

    @property
    def q_max(self) -> float:
        return max(self.q)

    @property
    def theta_max(self) -> float:
        return max(self.theta)


@dataclass(frozen=True)
class RaterWeight:
    rater: str
    prior: RaterPrior
    reliability: float
    """Probability that she is right, after her answers met those of others (one-coin)."""
    mean_omega: float
    """Mean over her answers of how far institution and repeats left them one whole vote; 0 without answers."""
    n_latents: int
    cannot_tell: int


@dataclass(frozen=True)
class AnswerWeight:
    """What one answer counted for."""

    latent: str
    rater: str
    reading: int
    value: Value
    split: float
    omega: float
    """split / (1 + (m - 1) rho)"""
    likelihood_ratio: float
    """Of its learnability score; 1 without one, or where the scorer is off."""
    likely: float
    """Probability, under the single-truth layer, that this answer is right."""


@dataclass(frozen=True)
class ClcResult:
    latents: tuple[LatentConsensus, ...]
    unanswered: Mapping[str, Undefined]
    """Latents for which every rater said "cannot tell"."""
    raters: tuple[RaterWeight, ...]
    institutions: tuple[InstitutionEffect, ...] | Undefined
    scorers: tuple[ScorerCalibration, ...]
    cannot_tell_share: float
    """Of all answers."""
    iterations: int
    converged: bool
    parameters: ClcParameters
    seed: int
    input_digest: str
    fitted: ClcFitted = field(compare=False, repr=False)
    """What explanations are computed from; neither stored nor compared."""

    @cached_property
    def answers(self) -> tuple[AnswerWeight, ...]:
        """What each answer counted for, in the table's order. Laid out when first asked for: there may be many."""
        fitted, table = self.fitted, self.fitted.table
        likely = fitted.q[table.latent, table.chosen].tolist()
        numbers = zip(
            table.split.tolist(), fitted.omega.tolist(), np.exp(fitted.log_ratios).tolist(), likely, strict=True
        )
        return tuple(
            AnswerWeight(answer.latent, answer.rater, answer.reading, answer.value, *weights)
            for answer, weights in zip(table.answers, numbers, strict=True)
            if answer.value is not None
        )

    def of(self, latent: str) -> LatentConsensus | Undefined:
        """One latent's consensus, or why there is none."""
        found = next((consensus for consensus in self.latents if consensus.latent == latent), None)
        return found or self.unanswered.get(latent, Undefined("No rater has answered for this latent yet."))
