"""Would the answer be the same had other raters of this kind been asked?

A latent's raters are drawn with replacement, as many as there are, and q is computed again with everything that was
learned about raters held fixed (a refit of the whole study per draw would cost 200 times as much and moves q little).
The draws are the same for all latents with as many raters, so that no latent's rate depends on which others there are.
The flip rate is the share of draws in which the leading class is no longer clearly the first; a tie counts as a flip.
"""

import numpy as np

from annotation.science.answer_table import AnswerTable
from annotation.science.types import FloatArray, IntArray

BLOCK = 256
CLEARLY = 1e-9


def flip_rates(
    table: AnswerTable, log_prior: FloatArray, weighted: FloatArray, *, resamples: int, seed: int
) -> FloatArray:
    """(N,): flip rate per latent. `weighted` (A, width): each answer's weight times its log likelihood."""
    starts, by_rater = _sum_readings(table, weighted)
    counts = np.diff(np.append(starts, len(by_rater)))
    flips = np.zeros(len(table.latents))
    for size in np.unique(counts).tolist():
        drawn = _draws(size, resamples, seed)
        same_size = np.flatnonzero(counts == size)
        for block in np.split(same_size, range(BLOCK, len(same_size), BLOCK)):
            votes = by_rater[starts[block][:, None] + np.arange(size)]
            flips[block] = _flipped(log_prior[block], votes, drawn)
    return flips


def _draws(raters: int, resamples: int, seed: int) -> FloatArray:
    """(resamples, raters): how often each rater is drawn. The same for every latent that has so many raters."""
    rng = np.random.default_rng([seed, raters])
    return rng.multinomial(raters, np.full(raters, 1.0 / raters), size=resamples).astype(np.float64)


def _sum_readings(table: AnswerTable, weighted: FloatArray) -> tuple[IntArray, FloatArray]:
    """Each latent's first row, and one row a (latent, rater): repeat readings belong to one person."""
    key = table.latent * len(table.raters) + table.rater
    pairs, first = np.unique(key, return_index=True)
    rows = np.add.reduceat(weighted, first, axis=0)
    starts = np.searchsorted(pairs // len(table.raters), np.arange(len(table.latents)))
    return starts.astype(np.int64), np.asarray(rows, dtype=np.float64)


def _flipped(log_prior: FloatArray, votes: FloatArray, drawn: FloatArray) -> FloatArray:
    """log_prior (n, K), votes (n, raters, K), drawn (resamples, raters): share of resamples that flip."""
    leader = (log_prior + votes.sum(axis=1)).argmax(axis=1)
    ahead = np.take_along_axis(votes, leader[:, None, None], axis=2) - votes
    ahead_before = np.take_along_axis(log_prior, leader[:, None], axis=1) - log_prior
    """How far the leader is ahead of each class, by each rater and before any; of itself, endlessly."""
    ahead_before[np.arange(len(leader)), leader] = np.inf
    least = np.full((len(drawn), len(leader)), np.inf)
    for c in range(log_prior.shape[1]):
        np.minimum(least, drawn @ ahead[:, :, c].T + ahead_before[:, c], out=least)
    return np.asarray((least < CLEARLY).mean(axis=0), dtype=np.float64)
