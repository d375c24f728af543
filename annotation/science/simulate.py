"""Simulated ratings, for a study that has something to show before people have rated. Never mixed with people's.

A reading goes: the rater forms an opinion (from the latent's opinion distribution, tilted by her institution's and her
own lean towards the second concept), then writes it down correctly with her reliability, else writes another of the
latent's concepts. Scales move with her leniency, flags and confidence with her reliability; a second reading repeats
the first with her habit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from annotation.science.simulated_world import Read, SimulatedLatent, SimulatedRater
from annotation.science.types import FloatArray

SimulatedOutcome = Literal["answered", "cannot-tell", "not-clinical"]
FALSE_FLAG = 0.02


@dataclass(frozen=True)
class SimulatedRating:
    latent: str
    rater: str
    institution: str
    reading: int
    outcome: SimulatedOutcome
    chosen: int | None
    """Index into the latent's concepts: 0 fitting, 1 its rival, 2 and up worse. None unless answered."""
    concept: str | None
    category: str | None
    coherence: int | None
    specificity: int | None
    confidence: int | None
    """1 to 5 each."""
    flags: frozenset[str]


def simulated_ratings(
    latents: Sequence[SimulatedLatent],
    raters: Sequence[SimulatedRater],
    reads: Sequence[Read],
    rng: np.random.Generator,
) -> tuple[SimulatedRating, ...]:
    """One rating a read, in the order of `reads`. The same generator state gives the same ratings."""
    latent_of = {latent.latent: latent for latent in latents}
    rater_of = {rater.rater: rater for rater in raters}
    earlier: dict[tuple[str, str], SimulatedRating] = {}
    ratings = []
    for read in reads:
        known = earlier.get((read.latent, read.rater))
        rating = _rating(latent_of[read.latent], rater_of[read.rater], read.reading, known, rng)
        earlier[read.latent, read.rater] = rating
        ratings.append(rating)
    return tuple(ratings)


def _rating(
    latent: SimulatedLatent,
    rater: SimulatedRater,
    reading: int,
    earlier: SimulatedRating | None,
    rng: np.random.Generator,
) -> SimulatedRating:
    if earlier is not None and rng.random() < rater.habit:
        return SimulatedRating(**{**vars(earlier), "reading": reading})
    outcome = _outcome(latent, rater, rng)
    if outcome != "answered":
        return SimulatedRating(
            latent.latent, rater.rater, rater.institution, reading, outcome,
            None, None, None, None, None, None, frozenset(),
        )  # fmt: skip
    opinion = int(rng.choice(len(latent.concepts), p=_tilted(latent.opinion, rater.lean)))
    chosen = opinion if rng.random() < rater.reliability else _another(opinion, len(latent.concepts), rng)
    return SimulatedRating(
        latent=latent.latent,
        rater=rater.rater,
        institution=rater.institution,
        reading=reading,
        outcome=outcome,
        chosen=chosen,
        concept=latent.concepts[chosen].concept,
        category=_category(latent, chosen, rater, rng),
        coherence=_step(latent.coherence + rater.leniency, rng),
        specificity=_step(latent.specificity + rater.leniency, rng),
        confidence=_step((3.9 if not latent.ambiguous else 3.0) + rater.reliability - 0.75 + rater.leniency / 2, rng),
        flags=_flags(latent, rater, rng),
    )


def _outcome(latent: SimulatedLatent, rater: SimulatedRater, rng: np.random.Generator) -> SimulatedOutcome:
    draw = float(rng.random())
    cannot_tell = rater.caution * (3 if latent.ambiguous else 1)
    if draw < cannot_tell:
        return "cannot-tell"
    not_clinical = (1 - cannot_tell) * (0.15 * (1 - rater.reliability) if latent.clinical else rater.reliability)
    return "not-clinical" if draw < cannot_tell + not_clinical else "answered"


def _tilted(opinion: tuple[float, ...], lean: float) -> FloatArray:
    shares = np.array(opinion)
    shares[1] *= np.exp(lean)
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def _another(index: int, size: int, rng: np.random.Generator) -> int:
    drawn = int(rng.integers(size - 1))
    return drawn + (drawn >= index)


def _category(latent: SimulatedLatent, chosen: int, rater: SimulatedRater, rng: np.random.Generator) -> str:
    slipped = rng.random() < 0.3 * (1 - rater.reliability)
    return latent.concepts[_another(chosen, len(latent.concepts), rng) if slipped else chosen].category


def _step(centre: float, rng: np.random.Generator) -> int:
    return int(np.clip(round(float(rng.normal(centre, 0.6))), 1, 5))


def _flags(latent: SimulatedLatent, rater: SimulatedRater, rng: np.random.Generator) -> frozenset[str]:
    """She sees a flag that is due with her reliability, and sets one that is not due now and then."""
    chance = {flag: rater.reliability if flag in latent.flags else FALSE_FLAG for flag in latent.flag_options}
    return frozenset(flag for flag in latent.flag_options if rng.random() < chance[flag])
