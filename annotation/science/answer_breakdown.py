"""One rater's part in one latent's answer, and its plain form for storing."""

from dataclasses import dataclass
from math import exp

from annotation.science.types import Undefined, Value

DIGITS = 4
"""Of numbers in `as_json`: more than a page shows, and a stored row stays small."""


@dataclass(frozen=True)
class ScoreBreakdown:
    """What one scorer made of her label and rationale."""

    scorer: str
    score: float
    """Balanced accuracy of the blinded reader."""
    ratio: float
    """How much likelier this score is if the label is right; 1 where the scorer is off."""
    on: bool


@dataclass(frozen=True)
class GivenAnswer:
    value: Value
    reading: int
    split: float
    """Its share of her one vote."""
    same_institution: float
    """m: votes of her institution for this answer, her own among them; at least 1."""
    omega: float
    """split / (1 + (m - 1) rho)"""
    scores: tuple[ScoreBreakdown, ...]
    learnability_ratio: float
    """Of all scorers together, within the limit."""
    evidence: float
    """Log of the factor by which this answer moves the odds of its own value."""

    @property
    def odds_factor(self) -> float:
        return exp(self.evidence)


@dataclass(frozen=True)
class WithoutHer:
    """The same latent without her answers, the fit of everything else held fixed."""

    winner: Value
    q_max: float
    theta_max: float
    n_eff: float


@dataclass(frozen=True)
class AnswerBreakdown:
    """One rater's part in one latent's answer."""

    rater: str
    institution: str
    given: tuple[GivenAnswer, ...]
    """Her readings, in order."""
    omega: float
    """Sum over her readings."""
    rho: float
    """Her institution's excess agreement; 0 where it is undefined."""
    prior_mean: float
    prior_low: float
    prior_high: float
    """Probability that she is right, before others' answers: mean and 95 % credible interval."""
    reliability: float
    """The same after them."""
    n_calibration: int
    n_repeats: int
    n_matched: int
    without: WithoutHer | Undefined
    changes_answer: bool
    """Whether another answer would win without her."""

    def as_json(self) -> dict[str, object]:
        """Plain values; numbers to four decimals; a set as a sorted list; `without` is null where it is undefined."""
        found = self.without
        return {
            "rater": self.rater,
            "institution": self.institution,
            "given": [_given_as_json(given) for given in self.given],
            "omega": _rounded(self.omega),
            "rho": _rounded(self.rho),
            "prior": {"mean": _rounded(self.prior_mean), "low": _rounded(self.prior_low),
                      "high": _rounded(self.prior_high)},
            "reliability": _rounded(self.reliability),
            "n_calibration": self.n_calibration,
            "n_repeats": self.n_repeats,
            "n_matched": self.n_matched,
            "without": None if isinstance(found, Undefined) else {
                "winner": _plain(found.winner),
                "q_max": _rounded(found.q_max),
                "theta_max": _rounded(found.theta_max),
                "n_eff": _rounded(found.n_eff),
            },
            "without_undefined": found.reason if isinstance(found, Undefined) else "",
            "changes_answer": self.changes_answer,
        }  # fmt: skip


def _given_as_json(given: GivenAnswer) -> dict[str, object]:
    return {
        "value": _plain(given.value),
        "reading": given.reading,
        "split": _rounded(given.split),
        "same_institution": _rounded(given.same_institution),
        "omega": _rounded(given.omega),
        "scores": [
            {"scorer": each.scorer, "score": _rounded(each.score), "ratio": _rounded(each.ratio), "on": each.on}
            for each in given.scores
        ],
        "learnability_ratio": _rounded(given.learnability_ratio),
        "evidence": _rounded(given.evidence),
        "odds_factor": _rounded(given.odds_factor),
    }


def _plain(value: Value) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _rounded(number: float) -> float:
    return round(number, DIGITS)
