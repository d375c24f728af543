"""Learnability as a calibrated likelihood ratio: how much likelier is this score if the label is right?

A score is the balanced accuracy of a blinded reader who had only the label and its rationale. Per scorer, the score's
density is normal with one spread and two means, for right and for wrong labels, estimated on calibration items (weight
1) and on the model's own beliefs (weight .25); 20 pseudo-scores draw both means together. If right labels do not score
higher than wrong ones the ratio is 1 everywhere: an uninformative scorer switches itself off.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotation.science.answer_table import AnswerTable
from annotation.science.clc_parameters import ClcParameters
from annotation.science.types import CalibrationAnswer, FloatArray, ScienceError

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
        """(A,): log likelihood ratio of each answer's own class; 0 without a score."""
        self.scorers: tuple[ScorerCalibration, ...] = ()
        raw = [answer.learnability for answer in table.answers]
        scored = np.array([score is not None for score in raw], dtype=bool)
        self._table, self._scores = table, np.array([s if s is not None else 0.0 for s in raw])
        _check(self._scores, [c.learnability for c in calibration])
        names = sorted({answer.scorer for answer, has in zip(table.answers, scored, strict=True) if has})
        self._rows = {
            name: np.flatnonzero(scored & np.array([answer.scorer == name for answer in table.answers]))
            for name in (names if params.use_learnability else [])
        }
        self._known = {name: _calibration_scores(calibration, name) for name in self._rows}

    def fit(self, posterior: FloatArray) -> None:
        """Estimate each scorer's densities, given (N, width) beliefs, and from them all log ratios."""
        fitted = []
        for name, rows in self._rows.items():
            right = posterior[self._table.latent[rows], self._table.chosen[rows]]
            weight = self.params.learnability_model_weight * self._table.split[rows]
            scores, known_right = self._known[name]
            scorer = _calibrate(
                name,
                np.concatenate([scores, self._scores[rows]]),
                np.concatenate([known_right, right]),
                np.concatenate([np.ones(len(scores)), weight]),
                self.params.learnability_pseudo_scores,
                len(scores),
            )
            self.log_ratios[rows] = _log_ratio(scorer, self._scores[rows], self.params.learnability_limit)
            fitted.append(scorer)
        self.scorers = tuple(fitted)


def _check(scores: FloatArray, calibration: Sequence[float | None]) -> None:
    known = [*scores.tolist(), *(score for score in calibration if score is not None)]
    if not all(0 <= score <= 1 for score in known):
        raise ScienceError("A learnability score is a balanced accuracy, between 0 and 1.")


def _calibration_scores(calibration: Sequence[CalibrationAnswer], scorer: str) -> tuple[FloatArray, FloatArray]:
    own = [
        (c.learnability, c.reference_share) for c in calibration if c.scorer == scorer and c.learnability is not None
    ]
    pairs = np.array(sorted(own), dtype=np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _calibrate(
    scorer: str, scores: FloatArray, right: FloatArray, weight: FloatArray, pseudo: float, n_calibration: int
) -> ScorerCalibration:
    pooled = float(weight @ scores / weight.sum())
    as_right, as_wrong = weight * right, weight * (1 - right)
    mean_right, mean_wrong = (
        float((part @ scores + pseudo * pooled) / (part.sum() + pseudo)) for part in (as_right, as_wrong)
    )
    variance = (as_right @ (scores - mean_right) ** 2 + as_wrong @ (scores - mean_wrong) ** 2) / weight.sum()
    return ScorerCalibration(
        scorer=scorer,
        mean_right=mean_right,
        mean_wrong=mean_wrong,
        spread=max(SMALLEST_SPREAD, float(np.sqrt(variance))),
        n_scores=len(scores) - n_calibration,
        n_calibration=n_calibration,
        on=mean_right - mean_wrong > SMALLEST_GAP,
    )


def _log_ratio(scorer: ScorerCalibration, scores: FloatArray, limit: float) -> FloatArray:
    if not scorer.on:
        return np.zeros_like(scores)
    log_ratio = ((scores - scorer.mean_wrong) ** 2 - (scores - scorer.mean_right) ** 2) / (2 * scorer.spread**2)
    return np.asarray(np.clip(log_ratio, -np.log(limit), np.log(limit)), dtype=np.float64)
