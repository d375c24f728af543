"""How likely each answer is under each true class: one coin a rater, bent to a confusion matrix where data allow.

one-coin      p_j on the true class, the rest spread over the others: evenly, or on a scale by exp(-decay |k - c|)
closed item   pi_j[c, .] = (S0 one-coin(p_j) + counts) / (S0 + n_c)
open item     one-coin only: its classes differ from latent to latent
"""

import numpy as np

from annotation.science.answer_table import AnswerTable
from annotation.science.clc_parameters import ClcParameters
from annotation.science.rater_prior import RaterPrior
from annotation.science.types import FloatArray, Item


def error_shape(item: Item) -> FloatArray:
    """(K, K): where a wrong answer goes, by true class; zero diagonal, rows add to 1."""
    steps = np.abs(np.subtract.outer(np.arange(len(item.classes)), np.arange(len(item.classes))))
    shape = np.exp(-item.decay * steps) * (steps > 0)
    return np.asarray(shape / shape.sum(axis=1, keepdims=True), dtype=np.float64)


class RaterModel:
    """Accuracies and log likelihoods of a table's answers; `fit` re-estimates both from beliefs."""

    def __init__(
        self,
        table: AnswerTable,
        item: Item,
        priors: tuple[RaterPrior, ...],
        weight: FloatArray,
        params: ClcParameters,
    ) -> None:
        self.table, self.item, self.weight, self.params = table, item, weight, params
        self._mean = np.array([prior.mean for prior in priors])
        self._strength = np.array([prior.strength for prior in priors])
        self._answers = np.bincount(table.rater, weights=weight, minlength=len(table.raters))
        self._others = table.wrong_alternatives()[table.latent]
        self._shape = error_shape(item) if item.kind != "open" else None
        self.accuracy = self._mean
        """(J,): posterior mean of each rater's one-coin accuracy."""

    def fit(self, posterior: FloatArray) -> FloatArray:
        """(A, width): log likelihood of each answer under each class of its latent, given (N, width) beliefs."""
        hit = self.weight * posterior[self.table.latent, self.table.chosen]
        hits = np.bincount(self.table.rater, weights=hit, minlength=len(self._mean))
        self.accuracy = (self._mean * self._strength + hits) / (self._strength + self._answers)
        return self._one_coin() if self._shape is None else self._rows(posterior, self._shape)

    def _one_coin(self) -> FloatArray:
        accuracy = self.accuracy[self.table.rater]
        likelihood = np.repeat(np.log((1 - accuracy) / self._others)[:, None], self.table.width, axis=1)
        likelihood[np.arange(self.table.n_answers), self.table.chosen] = np.log(accuracy)
        return likelihood

    def _rows(self, posterior: FloatArray, shape: FloatArray) -> FloatArray:
        counts = self.table.confusion_counts(posterior, self.weight)
        p = self.accuracy[:, None, None]
        coin = p * np.eye(len(shape)) + (1 - p) * shape
        strength = self.params.row_strength
        rows = (strength * coin + counts) / (strength + counts.sum(axis=2, keepdims=True))
        by_answer = np.ascontiguousarray(np.log(rows).transpose(0, 2, 1))
        return by_answer[self.table.rater, self.table.chosen]
