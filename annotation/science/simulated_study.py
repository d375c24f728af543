"""Studies drawn from a pilot's model: so many latents, each answered by so many raters of a pool."""

import numpy as np

from annotation.science.pilot_model import PilotModel
from annotation.science.types import FloatArray, IntArray

STRANGE = 1024
"""Answers that nobody gave in the pilot are told apart by so many numbers: two of one latent hardly ever meet."""


def drawn_study(
    model: PilotModel, n_values: int, *, raters: int, latents: int, pool: int, rng: np.random.Generator
) -> IntArray:
    """(latents, raters): positions among the values; from `n_values` up, concepts that the pilot does not have.

    The pilot's latents are drawn twice: first as many as it had, since it is a sample itself, then the study's from
    these. The pool's raters are drawn from the pilot's, with replacement.
    """
    size = len(model.n_classes)
    latent = rng.choice(rng.integers(0, size, size), latents)
    theta = _dirichlet(model.opinion_shares()[latent], rng)
    panel = np.argsort(rng.random((latents, pool)), axis=1)[:, :raters]
    meant = _choice(np.repeat(theta[:, None, :], raters, axis=1), rng)
    people = rng.integers(0, len(model.right), pool)
    if model.rows is not None:
        rows = _dirichlet(model.rows[people], rng)
        slips = rng.random(meant.shape) < model.error_share
        return np.where(slips, _choice(rows[panel, meant], rng), meant)
    accuracy = rng.beta(model.right[people], model.wrong[people])[panel]
    right = rng.random(meant.shape) >= model.error_share * (1 - accuracy)
    written = np.where(right, meant, _another(model, latent, meant, rng))
    value = model.value_of[latent[:, None], written]
    return np.where(value >= 0, value, n_values + rng.integers(0, STRANGE, value.shape))


def _another(model: PilotModel, latent: IntArray, meant: IntArray, rng: np.random.Generator) -> IntArray:
    """A wrong concept: one of the latent's others, or one that nobody proposed (its last class)."""
    last = (model.n_classes[latent] - 1)[:, None]
    drawn = np.floor(rng.random(meant.shape) * model.alternatives[latent][:, None]).astype(np.int64)
    drawn += drawn >= meant
    return np.minimum(drawn, last)


def _choice(shares: FloatArray, rng: np.random.Generator) -> IntArray:
    """(...): one class for each (..., K) row of shares that add to 1."""
    reached = np.cumsum(shares, axis=-1)
    found = (rng.random(reached.shape[:-1])[..., None] * reached[..., -1:] >= reached).sum(axis=-1)
    return np.minimum(found, shares.shape[-1] - 1)


def _dirichlet(shares: FloatArray, rng: np.random.Generator) -> FloatArray:
    drawn = rng.standard_gamma(shares)
    return np.asarray(drawn / drawn.sum(axis=-1, keepdims=True), dtype=np.float64)
