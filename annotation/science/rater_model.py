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
    """Accuracies of a table's raters, and what their answers say of each class; `fit` re-estimates both from beliefs.

    In an EM over a large table it is the sum over a latent's answers that is needed each time, never each answer's own
    likelihoods: `weighted_sums` are products of one sparse matrix, `log_likelihood` is laid out once, at the end.
    """

    def __init__(
        self,
        table: AnswerTable,
        item: Item,
        priors: tuple[RaterPrior, ...],
        weight: FloatArray,
        params: ClcParameters,
    ) -> None:
        self.table, self.weight, self.params = table, weight, params
        self._mean = np.array([prior.mean for prior in priors])
        self._strength = np.array([prior.strength for prior in priors])
        self._answers = self._by_rater(weight)
        self._others = np.log(table.wrong_alternatives())
        self._shape = error_shape(item) if item.kind != "open" else None
        self._by_choice = table.by_choice(weight)
        self._by_latent = self._by_choice.T.tocsr()
        self.accuracy = self._mean
        """(J,): posterior mean of each rater's one-coin accuracy."""

    def fit(self, posterior: FloatArray) -> None:
        """From (N, width) beliefs."""
        table = self.table
        if self._shape is None:
            hit = self.weight * posterior[table.latent, table.chosen]
            self._set_accuracy(self._by_rater(hit))
            return
        counts = table.counted(self._by_choice, posterior)
        self._set_accuracy(np.asarray(np.trace(counts, axis1=1, axis2=2), dtype=np.float64))
        p = self.accuracy[:, None, None]
        coin = p * np.eye(table.width) + (1 - p) * self._shape
        strength = self.params.row_strength
        rows = (strength * coin + counts) / (strength + counts.sum(axis=2, keepdims=True))
        self._log_rows = np.ascontiguousarray(np.log(rows).transpose(0, 2, 1))
        """(J, answer, true class)"""

    def _set_accuracy(self, hits: FloatArray) -> None:
        self.accuracy = (self._mean * self._strength + hits) / (self._strength + self._answers)

    def _by_rater(self, per_answer: FloatArray) -> FloatArray:
        """(A,) to (J,)"""
        summed = np.bincount(self.table.rater, weights=per_answer, minlength=len(self.table.raters))
        return np.asarray(summed, dtype=np.float64)

    def weighted_sums(self) -> FloatArray:
        """(N, width): each latent's answers' log likelihood under each class, times their weight, summed."""
        table = self.table
        if self._shape is not None:
            return np.asarray(self._by_latent @ self._log_rows.reshape(-1, table.width))
        right, wrong = np.log(self.accuracy)[table.rater], self._log_wrong()
        missed = np.bincount(table.latent, weights=self.weight * wrong, minlength=len(table.latents))
        return missed[:, None] + table.sum_by_choice(self.weight * (right - wrong))

    def log_likelihood(self) -> FloatArray:
        """(A, width): of each answer under each class of its latent."""
        table = self.table
        if self._shape is not None:
            return self._log_rows[table.rater, table.chosen]
        likelihood = np.repeat(self._log_wrong()[:, None], table.width, axis=1)
        likelihood[np.arange(table.n_answers), table.chosen] = np.log(self.accuracy)[table.rater]
        return likelihood

    def _log_wrong(self) -> FloatArray:
        """(A,): one-coin, of one particular wrong answer."""
        table = self.table
        return np.asarray(np.log1p(-self.accuracy)[table.rater] - self._others[table.latent], dtype=np.float64)
