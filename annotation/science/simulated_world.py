"""The world that simulated raters live in: latents with a true opinion distribution, raters with skill and habits.

A quarter of the latents are ambiguous: two concepts share opinion about evenly. All draws come from the generator that
the caller passes.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from annotation.science.types import ScienceError

CLEAR_SHARE = 0.94
EVEN_SPLIT = (0.42, 0.58)
RESIDUE = 0.04
FLAG_SHARE = 0.12


@dataclass(frozen=True)
class ConceptOption:
    concept: str
    category: str


@dataclass(frozen=True)
class Candidates:
    """What raters might say about one latent: the fitting concept first, its rival second, then worse ones."""

    latent: str
    concepts: tuple[ConceptOption, ...]
    clinical: bool = True


@dataclass(frozen=True)
class SimulatedLatent:
    latent: str
    concepts: tuple[ConceptOption, ...]
    opinion: tuple[float, ...]
    """The true opinion distribution over `concepts`."""
    ambiguous: bool
    clinical: bool
    coherence: float
    specificity: float
    """Where raters' scale answers centre, 1 to 5."""
    flags: frozenset[str]
    """What a careful rater would set."""
    flag_options: tuple[str, ...]


@dataclass(frozen=True)
class SimulatedRater:
    rater: str
    institution: str
    reliability: float
    """Probability that she writes down the concept she means."""
    lean: float
    """Log odds added to the second concept: her institution's habit and her own."""
    leniency: float
    """Steps added to her scale answers."""
    caution: float
    """Probability of "cannot tell" on a clear latent; three times that on an ambiguous one."""
    habit: float
    """Probability that a second reading repeats the first unread."""


@dataclass(frozen=True)
class Read:
    """One rater's turn at one latent; reading 2 is a repeat."""

    latent: str
    rater: str
    reading: int = 1


def simulated_latents(
    candidates: Sequence[Candidates],
    rng: np.random.Generator,
    *,
    ambiguous_share: float = 0.25,
    flags: Sequence[str] = (),
) -> tuple[SimulatedLatent, ...]:
    """Give each latent a true opinion distribution; `flags` are the rubric's flags.

    Raises ScienceError if a latent has fewer than two concepts.
    """
    for each in candidates:
        if len(each.concepts) < 2:
            raise ScienceError(f"Latent {each.latent} needs at least two concepts, so that raters can differ.")
    n_ambiguous = round(ambiguous_share * len(candidates))
    ambiguous = set(rng.choice(len(candidates), size=n_ambiguous, replace=False).tolist())
    return tuple(_latent(each, i in ambiguous, flags, rng) for i, each in enumerate(candidates))


def _latent(each: Candidates, ambiguous: bool, flags: Sequence[str], rng: np.random.Generator) -> SimulatedLatent:
    centre = 3.2 if ambiguous else 4.2
    return SimulatedLatent(
        latent=each.latent,
        concepts=each.concepts,
        opinion=_opinion(len(each.concepts), ambiguous, rng),
        ambiguous=ambiguous,
        clinical=each.clinical,
        coherence=float(np.clip(rng.normal(centre, 0.4), 1, 5)),
        specificity=float(np.clip(rng.normal(centre - 0.4, 0.6), 1, 5)),
        flags=frozenset(flag for flag in flags if rng.random() < FLAG_SHARE),
        flag_options=tuple(flags),
    )


def _opinion(size: int, ambiguous: bool, rng: np.random.Generator) -> tuple[float, ...]:
    opinion = np.zeros(size)
    if ambiguous:
        residue = RESIDUE if size > 2 else 0.0
        first = float(rng.uniform(*EVEN_SPLIT))
        opinion[:2] = np.array([first, 1 - first]) * (1 - residue)
        opinion[2:] = residue / max(1, size - 2)
    else:
        opinion[0] = CLEAR_SHARE
        opinion[1:] = (1 - CLEAR_SHARE) / (size - 1)
    return tuple(opinion.tolist())


def simulated_raters(
    raters_by_institution: Mapping[str, Sequence[str]], rng: np.random.Generator
) -> tuple[SimulatedRater, ...]:
    """Raters of differing skill; those of one institution share part of their lean."""
    raters = []
    for institution, names in raters_by_institution.items():
        shared = float(rng.normal(0, 0.4))
        for name in names:
            raters.append(
                SimulatedRater(
                    rater=name,
                    institution=institution,
                    reliability=float(rng.uniform(0.6, 0.95)),
                    lean=shared + float(rng.normal(0, 0.2)),
                    leniency=float(rng.normal(0, 0.35)),
                    caution=float(rng.uniform(0.01, 0.06)),
                    habit=float(rng.uniform(0.2, 0.6)),
                )
            )
    return tuple(raters)


def spread_reads(
    latents: Sequence[SimulatedLatent], raters: Sequence[SimulatedRater], per_latent: int, rng: np.random.Generator
) -> tuple[Read, ...]:
    """`per_latent` different raters a latent, institutions in turn, the least busy rater of each first.

    Raises ScienceError if there are too few raters.
    """
    if per_latent > len(raters):
        raise ScienceError(f"{per_latent} raters a latent are wanted and there are only {len(raters)}.")
    load: dict[str, int] = defaultdict(int)
    reads = []
    for latent in latents:
        for rater in _panel(raters, per_latent, load, rng):
            load[rater] += 1
            reads.append(Read(latent.latent, rater))
    return tuple(reads)


def _panel(raters: Sequence[SimulatedRater], size: int, load: Mapping[str, int], rng: np.random.Generator) -> list[str]:
    queues: dict[str, list[str]] = defaultdict(list)
    for i in sorted(rng.permutation(len(raters)).tolist(), key=lambda i: load.get(raters[i].rater, 0)):
        queues[raters[i].institution].append(raters[i].rater)
    order = [list(queues)[i] for i in rng.permutation(len(queues)).tolist()]
    turns = [(turn, place, rater) for place, name in enumerate(order) for turn, rater in enumerate(queues[name])]
    return [rater for _, _, rater in sorted(turns)[:size]]
