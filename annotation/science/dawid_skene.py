"""Dawid and Skene's EM, run to convergence: shown beside the weighted consensus, never instead of it.

    E:  T_ic ~ p_c prod_j prod_k pi_j[c,k]^n_ijk
    M:  pi_j[c,k] = sum_i T_ic n_ijk / sum_ik T_ic n_ijk,  p_c = mean_i T_ic

Dawid & Skene 1979, JRSS C 28(1):20-28. Starts from each latent's vote shares. Repeat readings count as in that paper,
as further observations. An open item has other classes at every latent, so that no confusion matrix exists: there the
same EM runs with one accuracy a rater (one-coin) over the concepts proposed for each latent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType

import numpy as np

from annotation.science.answer_table import AnswerTable, answer_table
from annotation.science.types import Answer, FloatArray, Item, Undefined, Value

VERSION = "dawid-skene-2"
TOLERANCE = 1e-12
MAXIMUM_ITERATIONS = 20_000
TINY = 1e-300
ACCURACY_LIMIT = 1e-6


@dataclass(frozen=True, eq=False)
class DawidSkene:
    posterior: Mapping[str, Mapping[Value, float]]
    """By latent, then by class in the item's order."""
    prevalence: Mapping[Value, float]
    """Empty for an open item."""
    error_rates: Mapping[str, FloatArray]
    """By rater: (true class, answer), rows add to 1 (0 if the class never occurs). Open item: (1, 1), her accuracy."""
    log_likelihood: float
    iterations: int
    converged: bool
    method: str
    version: str

    def of(self, latent: str) -> Mapping[Value, float]:
        """Posterior of one latent; empty if nobody gave it an answer."""
        return self.posterior.get(latent, MappingProxyType({}))


def dawid_skene(
    answers: Iterable[Answer], item: Item, *, tolerance: float = TOLERANCE, maximum_iterations: int = MAXIMUM_ITERATIONS
) -> DawidSkene | Undefined:
    """Run EM until no posterior moves by more than `tolerance`. Undefined without any answer."""
    table = answer_table(answers, item, with_other=False)
    if isinstance(table, Undefined):
        return table
    model = _OneCoin(table) if item.kind == "open" else _Confusion(table)
    posterior = table.vote_shares()
    converged, iteration, log_likelihood = False, 0, 0.0
    while not converged and iteration < maximum_iterations:
        iteration += 1
        model.fit(posterior)
        updated, log_likelihood = _normalised(model.log_joint())
        converged = bool(np.abs(updated - posterior).max() <= tolerance)
        posterior = updated
    return DawidSkene(
        posterior={latent: table.distribution(i, posterior[i]) for i, latent in enumerate(table.latents)},
        prevalence=dict(zip(item.classes, model.prevalence().tolist(), strict=True)) if item.classes else {},
        error_rates={rater: model.error_rates(j) for j, rater in enumerate(table.raters)},
        log_likelihood=log_likelihood,
        iterations=iteration,
        converged=converged,
        method=model.method,
        version=VERSION,
    )


def _normalised(log_joint: FloatArray) -> tuple[FloatArray, float]:
    # Column by column: rows are short, and numpy takes each as a loop of its own.
    peak = reduce(np.maximum, log_joint.T)[:, None]
    joint = np.exp(log_joint - peak)
    total = joint.sum(axis=1, keepdims=True)
    return joint / total, float((np.log(total) + peak).sum())


class _Confusion:
    """A closed item: one confusion matrix a rater."""

    method = "Dawid-Skene"

    rates: FloatArray
    share: FloatArray

    def __init__(self, table: AnswerTable) -> None:
        self.table = table
        self._by_choice = table.by_choice(np.ones(table.n_answers))
        self._by_latent = self._by_choice.T.tocsr()

    def fit(self, posterior: FloatArray) -> None:
        counts = self.table.counted(self._by_choice, posterior)
        totals = counts.sum(axis=2, keepdims=True)
        self.rates = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
        self.share = posterior.mean(axis=0)

    def log_joint(self) -> FloatArray:
        by_answer = np.log(np.maximum(self.rates, TINY)).transpose(0, 2, 1).reshape(-1, self.table.width)
        return np.asarray(self._by_latent @ by_answer) + np.log(np.maximum(self.share, TINY))

    def prevalence(self) -> FloatArray:
        return self.share

    def error_rates(self, rater: int) -> FloatArray:
        return np.asarray(self.rates[rater], dtype=np.float64)


class _OneCoin:
    """An open item: one accuracy a rater, errors even over `wrong_alternatives`, most of them never proposed."""

    method = "Dawid-Skene, one accuracy a rater"

    def __init__(self, table: AnswerTable) -> None:
        self.table = table
        self.others = table.wrong_alternatives()[table.latent]

    def fit(self, posterior: FloatArray) -> None:
        table = self.table
        hit = posterior[table.latent, table.chosen]
        n = np.bincount(table.rater, minlength=len(table.raters))
        accuracy = np.bincount(table.rater, weights=hit, minlength=len(table.raters)) / n
        self.accuracy = np.clip(accuracy, ACCURACY_LIMIT, 1 - ACCURACY_LIMIT)

    def log_joint(self) -> FloatArray:
        table = self.table
        accuracy = self.accuracy[table.rater]
        per_answer = np.repeat(np.log((1 - accuracy) / self.others)[:, None], table.width, axis=1)
        per_answer[np.arange(table.n_answers), table.chosen] = np.log(accuracy)
        return table.sum_by_latent(per_answer) + table.log_uniform()

    def prevalence(self) -> FloatArray:
        return np.zeros(0)

    def error_rates(self, rater: int) -> FloatArray:
        return self.accuracy[rater : rater + 1, None]
