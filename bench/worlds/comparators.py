"""The methods that CLC is measured against, each from its published formulas. Votes in, (N, K) beliefs out.

majority      vote shares
dawid_skene   Dawid & Skene 1979, confusion rows by maximum likelihood; calibration items are items whose truth is known
one_coin      one accuracy a rater, Beta(4, 2) before any data, calibration items known: the comparator hard to beat
crowdlab      Goh, Tkachenko & Mueller 2022 (arXiv 2210.06812), section 3, without a classifier: nothing predicts a
              latent's class from its snippets, so that the weighted sum runs over raters alone
"""

import numpy as np

from annotation.science.single_truth import normalised
from annotation.science.types import FloatArray
from bench.worlds.votes import Votes

TOLERANCE = 1e-8
MAXIMUM_ITERATIONS = 2000
TINY = 1e-10
"""Lowest probability of an answer, as crowd-kit has it."""
RIGHT, WRONG = 4.0, 2.0
SMALLEST_WEIGHT = 1e-4


def majority(votes: Votes) -> FloatArray:
    return votes.shares


def dawid_skene(votes: Votes) -> FloatArray:
    belief = votes.shares
    for _ in range(MAXIMUM_ITERATIONS):
        counts = np.einsum("nc,nrk->rck", belief, votes.given) + np.einsum("gc,grk->rck", votes.truth, votes.known)
        total = counts.sum(axis=2, keepdims=True)
        rows = np.divide(counts, total, out=np.full_like(counts, 1 / counts.shape[2]), where=total > 0)
        prior = belief.sum(axis=0) + votes.truth.sum(axis=0)
        scores = np.einsum("nrk,rck->nc", votes.given, np.log(np.maximum(rows, TINY)))
        updated = normalised(scores + np.log(np.maximum(prior / prior.sum(), TINY)))
        moved, belief = float(np.abs(updated - belief).max()), updated
        if moved < TOLERANCE:
            break
    return belief


def one_coin(votes: Votes) -> FloatArray:
    classes = votes.given.shape[2]
    belief, answered = votes.shares, votes.given.sum(axis=(0, 2)) + votes.known.sum(axis=(0, 2))
    known_hits = np.einsum("gc,grc->r", votes.truth, votes.known)
    for _ in range(MAXIMUM_ITERATIONS):
        hits = np.einsum("nc,nrc->r", belief, votes.given) + known_hits
        accuracy = (RIGHT + hits) / (RIGHT + WRONG + answered)
        log_odds = np.log(accuracy * (classes - 1) / (1 - accuracy))
        prior = belief.sum(axis=0) + 1
        updated = normalised(np.einsum("nrc,r->nc", votes.given, log_odds) + np.log(prior / prior.sum()))
        moved, belief = float(np.abs(updated - belief).max()), updated
        if moved < TOLERANCE:
            break
    return belief


def crowdlab(votes: Votes) -> FloatArray:
    """sum_j w_j v_j / sum_j w_j over a latent's raters.

    v_j: P on the rater's answer, (1 - P) / (K - 1) elsewhere, P the raters' mean agreement with the consensus;
    w_j = 1 - (1 - s_j) / A, s_j her agreement with co-raters, A the error of always answering the commonest class.
    """
    given, classes = votes.given, votes.given.shape[2]
    consensus = _commonest(votes)
    raters = given.sum(axis=(1, 2))
    several = raters > 1
    agreement = np.einsum("nrc,nc->n", given, consensus) / raters
    overall = float(agreement[several].mean())
    others = given.sum(axis=1)[:, None, :] - given
    agreeing = (given * others).sum(axis=2)[several].sum(axis=0)
    met = (given.sum(axis=2) * (raters[:, None] - 1))[several].sum(axis=0)
    same = np.divide(agreeing, met, out=np.zeros_like(met), where=met > 0)
    modal = float(1 - consensus[several].mean(axis=0).max())
    weight = np.maximum(1 - (1 - same) / modal, SMALLEST_WEIGHT)
    answered = given.sum(axis=2, keepdims=True)
    vectors = given * overall + (answered - given) * (1 - overall) / (classes - 1)
    return np.asarray(np.einsum("r,nrc->nc", weight, vectors) / (answered[:, :, 0] @ weight)[:, None])


def _commonest(votes: Votes) -> FloatArray:
    """(N, K): one-hot majority; ties go to the class that is commoner in the study."""
    score = votes.shares + 1e-6 * votes.given.mean(axis=(0, 1))
    return np.asarray(np.eye(score.shape[1])[score.argmax(axis=1)])
