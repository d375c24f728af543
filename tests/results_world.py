"""A study that six raters of three hospitals have worked through, with disagreement of several kinds; its results."""

from collections.abc import Sequence

import numpy as np

from annotation.actions.claiming import claim
from annotation.actions.results import compute_results
from annotation.actions.rounds import open_round
from annotation.enums import Outcome
from annotation.models import Institution, SampledLatent, User
from tests import world as worlds
from tests.world import NOW, World, add_rater, rate_next

CONCEPTS = ("chest pain", "troponin", "negation", "family history")
CATEGORIES = ("finding", "diagnosis", "measurement")
CONTESTED = 4
"""Every so manieth latent has two readings, and raters are of both minds."""


def rated_study(*, sample: int = 24) -> World:
    world = worlds.build(open_the_round=False, latents=sample, sample=sample, raters=6)
    west = Institution.objects.create(name="West Hospital", code="west")
    raters = [world.ada, world.ben]
    for name, place in (("cleo", world.north), ("dora", world.south), ("edgar", west), ("fay", west)):
        raters.append(add_rater(world, name, place))
    open_round(study=world.study, by=world.rosa, now=NOW)
    for place, rater in enumerate(raters):
        _rate_all(world, rater, np.random.default_rng(place), skill=(0.95, 0.9, 0.85, 0.8, 0.75, 0.45)[place])
    compute_results(study_id=world.study.pk, now=NOW)
    return world


def _rate_all(world: World, rater: User, rng: np.random.Generator, *, skill: float) -> None:
    while (slot := claim(study=world.study, by=rater, now=NOW)) is not None:
        latent = slot.latent
        if rng.random() < 0.04:
            rate_next(world.study, rater, outcome=Outcome.CANNOT_TELL, rationale="Too short to tell.")
            continue
        concept = _said(latent, rng, CONCEPTS, skill)
        rate_next(
            world.study,
            rater,
            concept=concept,
            category=_said(latent, rng, CATEGORIES, skill),
            coherence=int(np.clip(latent.position % 4 + 2 + rng.integers(-1, 2), 1, 5)),
            confidence=int(rng.integers(2, 6)),
            flags=["artefact"] if rng.random() < 0.1 else [],
            rationale=f"The strongest words are about {concept}.",
        )


def _said(latent: SampledLatent, rng: np.random.Generator, options: Sequence[str], skill: float) -> str:
    first = latent.position % len(options)
    if latent.position % CONTESTED == 0:
        return options[first] if rng.random() < 0.55 else options[(first + 1) % len(options)]
    return options[first] if rng.random() < skill else str(rng.choice(options))
