"""What a latent's answer would be without each of its raters, all that was learned of the others held fixed.

Raters' error rates, institutions' rho, scorers' densities and the classes' prevalence stay as fitted to everybody; the
votes of her institution that repeated hers get back the weight that hers took. A full refit for every rater of every
latent would be one EM a rating; `sensitivity` refits, for a rater left out of the whole study.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from annotation.science.clc_fitted import ClcFitted
from annotation.science.single_truth import normalised
from annotation.science.types import FloatArray, IntArray

BATCH = 256
"""Latents at a time: bounds memory."""
TOLERANCE = 1e-7
MAXIMUM_ITERATIONS = 5000
CHECK_EVERY = 8
NOBODY = -1


@dataclass(frozen=True, eq=False)
class Without:
    """One latent, with each of its raters left out in turn."""

    raters: IntArray
    """(R,): positions in the table; `NOBODY` for a place that leaves nobody out."""
    answers: tuple[IntArray, ...]
    """(R): each one's own answers, as rows of the table."""
    log_scores: FloatArray
    """(R, width): log prior plus what the others' answers say."""
    q: FloatArray
    theta: FloatArray
    """(R, width) each."""
    n_eff: FloatArray
    """(R,): the others' sum of omega; 0 where nobody else has answered."""


def without_each(fitted: ClcFitted, opinion_pseudo_raters: float, *, nobody: bool = False) -> Iterator[Without]:
    """One entry a latent, in the table's order. `nobody`: leave out nobody instead, which gives q and theta again."""
    table = fitted.table
    starts = np.searchsorted(table.latent, np.arange(len(table.latents) + 1))
    for first in range(0, len(table.latents), BATCH):
        latents = np.arange(first, min(first + BATCH, len(table.latents)))
        yield from _batch(fitted, latents, starts, opinion_pseudo_raters, nobody)


def _batch(fitted: ClcFitted, latents: IntArray, starts: IntArray, pseudo: float, nobody: bool) -> Iterator[Without]:
    """Answers (L, M), left out (L, R), classes (L, K); rows that a latent does not need are blank."""
    table = fitted.table
    sizes = starts[latents + 1] - starts[latents]
    real = np.arange(sizes.max())[None, :] < sizes[:, None]
    row = np.where(real, starts[latents][:, None] + np.arange(sizes.max())[None, :], starts[latents][:, None])
    rater = np.where(real, table.rater[row], NOBODY)
    left_out = np.full((len(latents), 1), NOBODY - 1) if nobody else _distinct(rater)
    hers = rater[:, None, :] == left_out[:, :, None]
    weight = _weights(fitted, row, real, hers)
    likelihood = fitted.log_likelihood[row]
    scores = fitted.log_prior[latents][:, None, :] + weight @ np.where(real[:, :, None], likelihood, 0.0)
    theta = _opinions(fitted, latents, likelihood, weight, pseudo)
    for i in range(len(latents)):
        kept = np.flatnonzero(left_out[i] != NOBODY)
        yield Without(
            raters=left_out[i, kept],
            answers=tuple(row[i, hers[i, r]] for r in kept),
            log_scores=scores[i, kept],
            q=normalised(scores[i, kept]),
            theta=theta[i, kept],
            n_eff=weight[i, kept].sum(axis=1),
        )


def _distinct(rater: IntArray) -> IntArray:
    """(L, R): each latent's raters once; answers are sorted by rater, so that a new one differs from the one before."""
    new = np.ones_like(rater, dtype=bool)
    new[:, 1:] = rater[:, 1:] != rater[:, :-1]
    new &= rater != NOBODY
    order = np.argsort(~new, axis=1, kind="stable")[:, : int(new.sum(axis=1).max())]
    found = np.take_along_axis(rater, order, axis=1)
    return np.where(np.take_along_axis(new, order, axis=1), found, NOBODY)


def _weights(fitted: ClcFitted, row: IntArray, real: np.ndarray, hers: np.ndarray) -> FloatArray:
    """(L, R, M): omega of the others' answers once hers are gone; 0 for hers."""
    table = fitted.table
    cell = table.institution[row] * table.width + table.chosen[row]
    alike = (cell[:, :, None] == cell[:, None, :]) & real[:, None, :] & real[:, :, None]
    split = np.where(real, table.split[row], 0.0)
    gone = np.einsum("lrn,ln,lmn->lrm", hers.astype(np.float64), split, alike.astype(np.float64), optimize=True)
    same = np.maximum(fitted.same[row][:, None, :] - gone, 1.0)
    omega = split[:, None, :] / (1.0 + (same - 1.0) * fitted.rho[table.institution[row]][:, None, :])
    return np.where(hers, 0.0, omega)


def _opinions(
    fitted: ClcFitted, latents: IntArray, log_likelihood: FloatArray, weight: FloatArray, pseudo: float
) -> FloatArray:
    """(L, R, K): theta from the others alone, by the EM of `opinion`, started where everybody's had ended."""
    likelihood = np.exp(log_likelihood - log_likelihood.max(axis=2, keepdims=True))
    prior = pseudo * np.exp(fitted.log_prior[latents])[:, None, :]
    total = pseudo + weight.sum(axis=2, keepdims=True)
    theta = np.repeat(fitted.theta[latents][:, None, :], weight.shape[1], axis=1)
    moving = np.arange(len(latents))
    for _ in range(0, MAXIMUM_ITERATIONS, CHECK_EVERY):
        seen, likely, votes = theta[moving], likelihood[moving], weight[moving]
        for _ in range(CHECK_EVERY):
            before = seen
            drawn = votes / (seen @ likely.transpose(0, 2, 1))
            seen = (prior[moving] + seen * (drawn @ likely)) / total[moving]
        theta[moving] = seen
        moving = moving[np.abs(seen - before).max(axis=(1, 2)) > TOLERANCE]
        if len(moving) == 0:
            break
    return theta
