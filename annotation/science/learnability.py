"""Learnability as a calibrated likelihood ratio: how much likelier is this score if the label is right?

A score is the balanced accuracy of a blinded reader who had only the label and its rationale. Per scorer, the score's
density is normal with one spread and two means, for right and for wrong labels, estimated on calibration items (weight
1) and on the model's own beliefs (weight .25); 20 pseudo-scores draw both means together. If right labels do not score
higher than wrong ones the ratio is 1 everywhere: an uninformative scorer switches itself off. Log ratios of several
scorers add, and their sum keeps to the limit of one: they read the same rationale and may err together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotation.science.answer_table import AnswerTable
from annotation.science.clc_parameters import ClcParameters
from annotation.science.types import CalibrationAnswer, FloatArray, IntArray, LearnabilityScore, ScienceError

SMALLEST_SPREAD = 0.05
SMALLEST_GAP = 1e-9


@dataclass(frozen=True)
class ScorerCalibration:
    scorer: str
    mean_right: float
    mean_wrong: float
    spread: float
    n_scores: int
    n_calibration: int
    on: bool
    """False: right labels do not score higher than wrong ones, and the scorer is not used."""


class Learnability:
    """The scores of one table; `fit` follows the model's beliefs, `log_ratios` are what the EM adds."""

    def __init__(self, table: AnswerTable, calibration: Sequence[CalibrationAnswer], params: ClcParameters) -> None:
        self.params = params
        self.log_ratios = np.zeros(table.n_answers)
        """(A,): log likelihood ratio of each answer's own class, over all its scorers; 0 without a score."""
        self.by_scorer: dict[str, FloatArray] = {}
        """(A,) a scorer: what its own scores add, before the sum meets its limit."""
        self.scorers: tuple[ScorerCalibration, ...] = ()
        self._table = table
        given = _by_scorer([answer.scores for answer in table.answers])
        known = _by_scorer([answer.scores for answer in calibration])
        self._given = {name: given[name] for name in sorted(given)} if params.use_learnability else {}
        share = np.array([answer.reference_share for answer in calibration], dtype=np.float64)
        self._known = {name: _sorted_pairs(known.get(name), share) for name in self._given}

    def fit(self, posterior: FloatArray) -> None:
        """Estimate each scorer's densities, given (N, width) beliefs, and from them all log ratios."""
        if not self._given:
            return
        params, table = self.params, self._table
        fitted, limit = [], np.log(params.learnability_limit)
        for name, (rows, values) in self._given.items():
            right = posterior[table.latent[rows], table.chosen[rows]]
            weight = params.learnability_model_weight * table.split[rows]
            scores, known_right = self._known[name]
            scorer = _calibrate(
                name,
                np.concatenate([scores, values]),
                np.concatenate([known_right, right]),
                np.concatenate([np.ones(len(scores)), weight]),
                params.learnability_pseudo_scores,
                len(scores),
            )
            own = np.zeros(table.n_answers)
            own[rows] = _log_ratio(scorer, values, limit)
            self.by_scorer[name] = own
            fitted.append(scorer)
        self.log_ratios = np.clip(sum(self.by_scorer.values()), -limit, limit)
        self.scorers = tuple(fitted)


def _by_scorer(scores: Sequence[tuple[LearnabilityScore, ...]]) -> dict[str, tuple[IntArray, FloatArray]]:
    """By scorer: which of the answers have its score, and the scores."""
    found: dict[str, dict[int, float]] = {}
    for row, own in enumerate(scores):
        for score in own:
            if not 0 <= score.value <= 1:
                raise ScienceError("A learnability score is a balanced accuracy, between 0 and 1.")
            if row in found.setdefault(score.scorer, {}):
                raise ScienceError(f"The scorer {score.scorer!r} scored one answer twice; pass one score or a mean.")
            found[score.scorer][row] = score.value
    return {
        name: (np.array(list(rows), dtype=np.int64), np.array(list(rows.values()), dtype=np.float64))
        for name, rows in found.items()
    }


def _sorted_pairs(known: tuple[IntArray, FloatArray] | None, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scores and reference shares of a scorer's calibration answers, in an order that is not the input's."""
    if known is None:
        return np.zeros(0), np.zeros(0)
    rows, values = known
    order = np.lexsort((share[rows], values))
    return values[order], share[rows][order]


def _calibrate(
    scorer: str, scores: FloatArray, right: FloatArray, weight: FloatArray, pseudo: float, n_calibration: int
) -> ScorerCalibration:
    pooled = _dot(weight, scores) / float(weight.sum())
    as_right, as_wrong = weight * right, weight * (1 - right)
    mean_right, mean_wrong = (
        (_dot(part, scores) + pseudo * pooled) / (float(part.sum()) + pseudo) for part in (as_right, as_wrong)
    )
    spread = _dot(as_right, (scores - mean_right) ** 2) + _dot(as_wrong, (scores - mean_wrong) ** 2)
    variance = spread / float(weight.sum())
    return ScorerCalibration(
        scorer=scorer,
        mean_right=mean_right,
        mean_wrong=mean_wrong,
        spread=max(SMALLEST_SPREAD, float(np.sqrt(variance))),
        n_scores=len(scores) - n_calibration,
        n_calibration=n_calibration,
        on=mean_right - mean_wrong > SMALLEST_GAP,
    )


def _dot(weight: FloatArray, amount: FloatArray) -> float:
    """Not by BLAS: its threads, waiting for a busy processor, take six times the whole fit."""
    return float((weight * amount).sum())


def _log_ratio(scorer: ScorerCalibration, scores: FloatArray, limit: float) -> FloatArray:
    """`limit`: of the log ratio, on both sides."""
    if not scorer.on:
        return np.zeros_like(scores)
    log_ratio = ((scores - scorer.mean_wrong) ** 2 - (scores - scorer.mean_right) ** 2) / (2 * scorer.spread**2)
    return np.asarray(np.clip(log_ratio, -limit, limit), dtype=np.float64)
