"""Draws of tokens with random firings, some latents alike."""

import numpy as np

from saeserve.mining.token_draw import TokenDraw

VOCABULARY = 12


def draw_of(dense: np.ndarray, *, ids: np.ndarray | None = None, hashes: np.ndarray | None = None) -> TokenDraw:
    """A draw from a dense matrix [token, latent] of activations."""
    tokens, latents = np.nonzero(dense)
    number = len(dense)
    return TokenDraw(
        hashes=np.arange(number, dtype=np.uint64) if hashes is None else hashes.astype(np.uint64),
        documents=np.zeros(number, np.int32),
        positions=np.arange(number, dtype=np.int32) if hashes is None else hashes.astype(np.int32),
        ids=(np.arange(number) % VOCABULARY if ids is None else ids).astype(np.int32),
        counts=np.bincount(tokens, minlength=number).astype(np.int32),
        latents=latents.astype(np.int32),
        values=dense[tokens, latents].astype(np.float32),
    )


def activations(seed: int, *, tokens: int = 400, latents: int = 25) -> np.ndarray:
    """[token, latent], mostly zeros; latent 0 never fires, 1 fires always, 2 and 3 fire alike, 4 opposes 2."""
    chance = np.random.default_rng(seed)
    fires = chance.random((tokens, latents)) < np.linspace(0.005, 0.4, latents)
    dense = np.where(fires, chance.exponential(2, (tokens, latents)) + 0.1, 0)
    dense[:, 0], dense[:, 1] = 0, 1 + chance.random(tokens)
    dense[:, 2] = np.where(chance.random(tokens) < 0.2, 3.0, 0)
    dense[:, 3] = dense[:, 2] * 2
    dense[:, 4] = np.where(dense[:, 2] > 0, 0, 1.0)
    return dense
