"""The small world with concepts as raters typed them, and what the researcher says of them through the actions."""

from django.conf import settings

from annotation.actions.claiming import claim
from annotation.actions.concepts import code_concept, merge_concepts, place_concept
from annotation.actions.rounds import close_round
from annotation.models import Concept, ConceptFact, User
from tests import world as worlds
from tests.code_indexes import lay_out
from tests.world import NOW, World, rate_next
from tests.world_again import built_once

ADAS = ("myocardial infarction", "unstable angina", "chest pain", "troponin")
BENS = ("MI", "myocardial infarction", "chest pian", "troponin")


def rated(*, latents: int = 12) -> World:
    """Ada and Ben have rated every latent: what she calls myocardial infarction is MI to him, and so on in turn."""

    def build() -> World:
        world = worlds.build(latents=max(12, latents), sample=latents)
        say_what_raters_typed(world)
        return world

    world = built_once(("concepts", latents), build)
    lay_out(settings.ARTIFACT_ROOT)
    return world


def say_what_raters_typed(world: World) -> None:
    """Both rate all there is, and the round closes."""
    said: dict[int, int] = {}
    latents = world.study.sample.count()
    for place in range(latents):
        rating = rate_next(world.study, world.ada, concept=ADAS[place % 4])
        assert rating is not None
        said[rating.latent_id] = place % 4
    for _ in range(latents):
        _answer_as_ben(world, said)
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)


def _answer_as_ben(world: World, said: dict[int, int]) -> None:
    slot = claim(study=world.study, by=world.ben, now=NOW)
    assert slot is not None
    assert rate_next(world.study, world.ben, concept=BENS[said[slot.latent_id]]) is not None


def concept(world: World, name: str) -> Concept:
    """The study's concept of this name; a rater's if nobody typed it yet."""
    held, _ = Concept.objects.get_or_create(
        study=world.study, name=name, defaults={"created_by": world.ada, "created_at": NOW}
    )
    return held


def merge(world: World, one: str, into: str, *, by: User | None = None, reason: str = "The same.") -> ConceptFact:
    return merge_concepts(
        concept=concept(world, one), into=concept(world, into), reason=reason, by=by or world.rosa, now=NOW
    )


def place(world: World, one: str, under: str, *, by: User | None = None) -> ConceptFact:
    return place_concept(concept=concept(world, one), under=under, reason="A kind of.", by=by or world.rosa, now=NOW)


def code(world: World, name: str, code: str, system: str = "icd-10-cm") -> ConceptFact:
    return code_concept(concept=concept(world, name), system=system, code=code, by=world.rosa, now=NOW)
