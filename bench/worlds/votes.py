"""First readings as one vote a rater and latent, the calibration items beside them: what the comparators work on."""

from dataclasses import dataclass

import numpy as np

from annotation.science.types import FloatArray
from bench.worlds.as_answers import Asked
from bench.worlds.raters import CLASSES
from bench.worlds.world import World


@dataclass(frozen=True, eq=False)
class Votes:
    given: FloatArray
    """(N, R, K): one-hot where a rater answered, else 0."""
    known: FloatArray
    """(G, R, K): the same of calibration items."""
    truth: FloatArray
    """(G, K): one-hot."""

    @property
    def shares(self) -> FloatArray:
        """(N, K)"""
        return np.asarray(self.given.sum(axis=1) / self.given.sum(axis=(1, 2))[:, None])


def votes_of(world: World, asked: Asked, *, calibration: bool = True) -> Votes:
    eye = np.eye(CLASSES)
    answered = asked.any(axis=1)
    given = (eye[world.answers[0]] * asked[:, :, None])[answered].transpose(1, 0, 2)
    known = eye[world.known_answers][answered].transpose(1, 0, 2)
    kept = slice(None) if calibration else slice(0)
    return Votes(given, known[kept], eye[world.known_truth][kept])
