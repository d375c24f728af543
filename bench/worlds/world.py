"""One simulated study: what opinion there is on each latent, and what every rater would answer if asked.

A clear latent has one true class. On an ambiguous one, opinion is divided: two classes, or three. Each rater holds an
opinion drawn from that distribution and passes it through her own errors. Colluders agree on one wrong class on 6 in 10
of the latents, answer as they think elsewhere, are honest on calibration items, and their wrong story is as learnable
as a right one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.science.types import FloatArray, IntArray
from bench.worlds.raters import CLASSES, Raters, draw_raters
from bench.worlds.scenarios import SCORE_MEANS, Scenario

Marks = npt.NDArray[np.bool_]
LATENTS = 60
AMBIGUOUS = 15
THREE_WAYS = 3
"""Of the ambiguous latents, so many divide opinion three ways."""
CALIBRATION_ITEMS, REPEATS = 8, 8
SMALLER_CAMP = (0.35, 0.5)
HABIT = 0.3
"""Share of second readings that repeat the first from memory."""
COLLUDE_ON = 0.6
SCORE_SPREAD = 0.1


@dataclass(frozen=True, eq=False)
class World:
    scenario: Scenario
    seed: int
    raters: Raters
    opinion: FloatArray
    """(N, K): the true distribution; one-hot on clear latents."""
    asked: Marks
    """(R, N): who answers what in the first round."""
    read_twice: Marks
    """(R, N)"""
    answers: IntArray
    """(2, R, N): what each rater would answer on a first and on a second reading."""
    scores: FloatArray
    """(2, R, N): learnability of each such answer."""
    known_truth: IntArray
    """(G,): class of each calibration item."""
    known_answers: IntArray
    """(R, G)"""
    known_scores: FloatArray
    """(R, G)"""

    @property
    def ambiguous(self) -> Marks:
        return np.asarray(self.opinion.max(axis=1) < 1)

    @property
    def plausible(self) -> Marks:
        """(N, K): classes that someone holds."""
        return np.asarray(self.opinion > 0)


def draw_world(scenario: Scenario, seed: int) -> World:
    """The same world for the same scenario family and seed; kinds of scores share everything but the scores."""
    rng = np.random.default_rng([seed, *scenario.family.encode(), scenario.raters])
    raters = draw_raters(scenario, rng)
    size = len(raters.institution)
    opinion = _opinion(rng)
    asked = _asked(scenario, rng, size)
    own = np.stack([_drawn(rng, opinion) for _ in range(size)])
    first = _through(rng, raters.confusion, own)
    again = np.where(rng.random(first.shape) < HABIT, first, _through(rng, raters.confusion, own))
    answers = np.stack([first, again])
    conspired = _collude(rng, raters.colluders, opinion, answers)
    known_truth = rng.integers(CLASSES, size=CALIBRATION_ITEMS)
    known_answers = _through(rng, raters.confusion, np.broadcast_to(known_truth, (size, CALIBRATION_ITEMS)))
    noise, known_noise = rng.normal(size=answers.shape), rng.normal(size=known_answers.shape)
    held = np.take_along_axis(opinion[None, None] > 0, answers[..., None], axis=3)[..., 0] | conspired
    return World(
        scenario=scenario,
        seed=seed,
        raters=raters,
        opinion=opinion,
        asked=asked,
        read_twice=_some(rng, asked, REPEATS),
        answers=answers,
        scores=_scored(scenario, held, noise),
        known_truth=known_truth,
        known_answers=known_answers,
        known_scores=_scored(scenario, known_answers == known_truth, known_noise),
    )


def _opinion(rng: np.random.Generator) -> FloatArray:
    classes = np.stack([rng.permutation(CLASSES) for _ in range(LATENTS)])
    share = np.zeros((LATENTS, CLASSES))
    share[:, 0] = 1.0
    smaller = rng.uniform(*SMALLER_CAMP, size=AMBIGUOUS)
    share[:AMBIGUOUS, 0], share[:AMBIGUOUS, 1] = 1 - smaller, smaller
    share[:THREE_WAYS, :3] = np.array([0.4, 0.35, 0.25])
    opinion = np.zeros_like(share)
    np.put_along_axis(opinion, classes, share, axis=1)
    return opinion


def _asked(scenario: Scenario, rng: np.random.Generator, size: int) -> Marks:
    """Every rater answers as many latents, every latent is answered by as many raters (one more or fewer)."""
    n, wanted = scenario.raters, scenario.answered
    asked = np.zeros((size, LATENTS), dtype=np.bool_)
    for rater in rng.permutation(n):
        load = asked.sum(axis=0) + rng.random(LATENTS)
        asked[rater, np.argsort(load)[:wanted]] = True
    return asked


def _drawn(rng: np.random.Generator, shares: FloatArray) -> IntArray:
    """One draw a row of (..., K)."""
    return np.asarray((shares.cumsum(axis=-1) < rng.random((*shares.shape[:-1], 1))).sum(axis=-1).clip(max=CLASSES - 1))


def _through(rng: np.random.Generator, confusion: FloatArray, own: IntArray) -> IntArray:
    """(R, N) opinions to answers."""
    return _drawn(rng, confusion[np.arange(len(own))[:, None], own])


def _collude(rng: np.random.Generator, colluders: int, opinion: FloatArray, answers: IntArray) -> Marks:
    """Writes the wrong class into the colluders' answers; returns where (2, R, N)."""
    target = _drawn(rng, (opinion == 0) / (opinion == 0).sum(axis=1, keepdims=True))
    joined = rng.random(LATENTS) < COLLUDE_ON
    where = np.zeros(answers.shape, dtype=np.bool_)
    where[:, :colluders] = joined
    answers[where] = np.broadcast_to(target, answers.shape)[where]
    return where


def _some(rng: np.random.Generator, asked: Marks, wanted: int) -> Marks:
    chosen = np.zeros_like(asked)
    for rater in np.flatnonzero(asked.any(axis=1)):
        chosen[rater, rng.choice(np.flatnonzero(asked[rater]), size=wanted, replace=False)] = True
    return chosen


def _scored(scenario: Scenario, right: Marks, noise: FloatArray) -> FloatArray:
    mean_right, mean_wrong = SCORE_MEANS[scenario.scores]
    return np.asarray(np.clip(np.where(right, mean_right, mean_wrong) + SCORE_SPREAD * noise, 0, 1))
