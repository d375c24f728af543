"""What a pilot says of its latents and raters, as a model from which further studies are drawn.

A study is drawn as CLC's second layer tells it: a latent has a distribution of opinion theta, every annotation draws
its own class from it, and the rater's errors turn that class into an answer. Everything is drawn with the uncertainty
that the pilot leaves:

    theta_i ~ Dirichlet(kept prior_i + sum_j omega_ij r_ij)        r: responsibilities as in `opinion`
    rows of rater j ~ Dirichlet(S0 one-coin(p_j) + counts_j)       closed items; then (1 - s) identity + s row
    p_j ~ Beta, worth her prior and her answers                    open items, one-coin; then 1 - s (1 - p_j)

Both CLC's prior opinion and its error rates are cautious, so that a study drawn from them would disagree more than the
pilot did. `kept`, the share of that noise that stays (s = kept, at most 1), is chosen so that the pilot, drawn again,
has the disagreement that it had: its expectation has a closed form, by the second moments of a Dirichlet.
"""

from dataclasses import dataclass, replace

import numpy as np

from annotation.science.answer_table import AnswerTable
from annotation.science.clc_fitted import ClcFitted
from annotation.science.clc_result import ClcResult
from annotation.science.rater_model import error_shape
from annotation.science.types import OTHER, FloatArray, IntArray, Value

LARGEST_KEPT = 64.0
STEPS = 40
NO_SHARE = 1e-9
"""A Dirichlet needs a share for every class."""


@dataclass(frozen=True, eq=False)
class PilotModel:
    """N latents, J raters, K the largest number of classes; M values."""

    opinion: FloatArray
    """(N, K): sum of omega r, in raters."""
    prior: FloatArray
    """(N, K): the prior of theta, in raters; 0 on padding."""
    n_classes: IntArray
    """(N,)"""
    value_of: IntArray
    """(N, K): which of the M values a class is; -1 for OTHER, and on padding."""
    alternatives: FloatArray
    """(N,): over how many answers an error spreads."""
    rows: FloatArray | None
    """(J, K, K): Dirichlet parameters of confusion rows; None for an open item."""
    right: FloatArray
    wrong: FloatArray
    """(J,): Beta parameters of one-coin accuracy."""
    kept: float = 1.0

    @property
    def error_share(self) -> float:
        """s above."""
        return min(1.0, self.kept)

    def opinion_shares(self) -> FloatArray:
        """(N, K): Dirichlet parameters of theta; 0 on padding."""
        real = np.arange(self.opinion.shape[1])[None, :] < self.n_classes[:, None]
        return np.where(real, self.kept * self.prior + self.opinion + NO_SHARE, 0.0)


def pilot_model(result: ClcResult, values: tuple[Value, ...]) -> PilotModel:
    """The model as fitted, all its noise kept. `values`: the order of the rating table's values."""
    fitted, table = result.fitted, result.fitted.table
    at = {value: m for m, value in enumerate(values)}
    value_of = np.full(fitted.q.shape, -1, dtype=np.int64)
    for i, classes in enumerate(table.classes):
        value_of[i, : len(classes)] = [-1 if value == OTHER else at[value] for value in classes]
    strength = {weight.rater: weight.prior.strength + weight.n_latents for weight in result.raters}
    worth = np.array([strength[rater] for rater in table.raters])
    return PilotModel(
        opinion=_opinions(fitted, table),
        prior=result.parameters.opinion_pseudo_raters * np.exp(fitted.log_prior),
        n_classes=table.n_classes,
        value_of=value_of,
        alternatives=table.wrong_alternatives(),
        rows=None if table.is_open else _rows(fitted, table, result.parameters.row_strength),
        right=fitted.accuracy * worth,
        wrong=(1 - fitted.accuracy) * worth,
    )


def _opinions(fitted: ClcFitted, table: AnswerTable) -> FloatArray:
    likelihood = np.exp(fitted.log_likelihood - fitted.log_likelihood.max(axis=1, keepdims=True))
    drawn = fitted.theta[table.latent] * likelihood
    return table.sum_by_latent(drawn * (fitted.omega / drawn.sum(axis=1))[:, None])


def _rows(fitted: ClcFitted, table: AnswerTable, row_strength: float) -> FloatArray:
    p = fitted.accuracy[:, None, None]
    coin = p * np.eye(table.width) + (1 - p) * error_shape(fitted.item)
    return np.maximum(row_strength * coin + table.confusion_counts(fitted.q, fitted.omega), NO_SHARE)


def mean_rows(model: PilotModel, latent: IntArray, rater: IntArray) -> FloatArray:
    """(A, K, K): how each annotation's class turns into an answer, on average, with the error share of the model."""
    width = model.opinion.shape[1]
    if model.rows is not None:
        fitted = (model.rows / model.rows.sum(axis=2, keepdims=True))[rater]
    else:
        error = (model.wrong / (model.right + model.wrong))[rater][:, None, None]
        fitted = error / model.alternatives[latent][:, None, None] * np.ones((1, width, width))
        listed = model.value_of[latent] >= 0
        fitted = fitted * listed[:, None, :] * (1 - np.eye(width))
        fitted = fitted + (1 - error) * np.eye(width)
        last = model.n_classes[latent] - 1
        fitted[np.arange(len(latent)), :, last] += 1 - fitted.sum(axis=2)
    share = model.error_share
    return (1 - share) * np.eye(width) + share * fitted


def expected_disagreement(model: PilotModel, latent: IntArray, rater: IntArray, distances: FloatArray) -> float:
    """Sum over latents of the pairs' expected distances, each at 2 / (m - 1): the pilot's own design drawn again.

    `latent`, `rater` (A,): who answered what, sorted by latent. `distances` (M, M) between values; OTHER is 1 from all.
    """
    shares = model.opinion_shares()
    total = shares.sum(axis=1)[:, None, None]
    moments = shares[:, :, None] * shares[:, None, :]
    diagonal = np.arange(shares.shape[1])
    moments[:, diagonal, diagonal] += shares
    moments /= total * (total + 1)
    apart = _distances_by_latent(model, distances)
    rows = mean_rows(model, latent, rater)
    found, first, raters = np.unique(latent, return_index=True, return_counts=True)
    together = np.add.reduceat(rows, first, axis=0)
    everyone = np.einsum("ncy,ncd,ndz,nyz->n", together, moments[found], together, apart[found], optimize=True)
    herself = np.einsum("acy,acd,adz,ayz->a", rows, moments[latent], rows, apart[latent], optimize=True)
    pairs = everyone - np.add.reduceat(herself, first)
    several = raters > 1
    return float((pairs[several] / (raters[several] - 1)).sum())


def _distances_by_latent(model: PilotModel, distances: FloatArray) -> FloatArray:
    """(N, K, K): between a latent's own classes; OTHER is a concept of its own every time."""
    listed = model.value_of >= 0
    both = listed[:, :, None] & listed[:, None, :]
    return np.where(both, distances[model.value_of[:, :, None], model.value_of[:, None, :]], 1.0)


def as_noisy_as(
    model: PilotModel, latent: IntArray, rater: IntArray, distances: FloatArray, observed: float
) -> PilotModel:
    """The model with as much noise kept that its expected disagreement is the observed one; else as near as it goes."""
    low, high = np.log(NO_SHARE), np.log(LARGEST_KEPT)
    for _ in range(STEPS):
        middle = (low + high) / 2
        if expected_disagreement(replace(model, kept=float(np.exp(middle))), latent, rater, distances) < observed:
            low = middle
        else:
            high = middle
    return replace(model, kept=float(np.exp(low)))
