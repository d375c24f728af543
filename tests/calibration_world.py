"""The small world with calibration: two sets of three latents beside a sample of four, references by Cora and Rosa."""

from collections.abc import Mapping
from typing import Any

from annotation.actions.calibrating import lay_places, open_calibration
from annotation.actions.calibration_sets import draw_calibration_sets
from annotation.actions.rating import submit_rating
from annotation.actions.references import GivenReference, set_reference
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import SlotState
from annotation.models import Membership, Rating, SampledLatent, Slot, Study, User
from tests import world as worlds
from tests.world import NOW, World, complete_form

SIZE = 3
AGREES: Mapping[str, Any] = {"concept": "chest pain", "category": "finding", "coherence": 4, "specificity": 4}
"""Answers that the panel favours; `complete_form` gives the rest."""
DIFFERS: Mapping[str, Any] = {"concept": "gout", "category": "medication", "coherence": 1, "specificity": 1}


def build(*, open_the_round: bool = True) -> World:
    """No set is drawn yet."""
    return worlds.build(open_the_round=open_the_round, latents=16, sample=4)


def draw(world: World) -> list[SampledLatent]:
    return draw_calibration_sets(study=world.study, latents=SIZE, by=world.rosa, now=NOW)


def of_set(study: Study, number: int) -> list[SampledLatent]:
    return list(SampledLatent.everything.filter(study=study, calibration_set=number).order_by("position"))


def favoured(**changes: GivenReference) -> dict[str, GivenReference]:
    """A panel member who is fairly sure."""
    return {
        "concept": GivenReference(
            shares={"Chest pain": 0.8, "unstable angina": 0.2}, rationale="All point to the chest.", clause="As narrow."
        ),
        "category": GivenReference(shares={"finding": 0.5, "diagnosis": 0.5}),
        "coherence": GivenReference(shares={"4": 0.5, "5": 0.5}),
        "specificity": GivenReference(shares={"4": 1.0}, rationale="Only one look-alike would fit."),
        **changes,
    }


def refer(world: World, number: int, by: User | None = None) -> None:
    for latent in of_set(world.study, number):
        set_reference(latent=latent, given=favoured(), by=by or world.cora, now=NOW)


def calibrated(*, sets: tuple[int, ...] = (1, 2), open_the_round: bool = True) -> World:
    """The sets drawn, referenced and open."""
    world = build(open_the_round=open_the_round)
    draw(world)
    for number in sets:
        refer(world, number)
        open_calibration(study=world.study, set_number=number, by=world.rosa, now=NOW)
    return world


def membership(world: World, user: User) -> Membership:
    return Membership.objects.select_related("study").get(study=world.study, user=user, role="annotator")


def take(world: World, user: User) -> Slot | None:
    """Her next calibration place, leased to her; None if nothing is due."""
    round_ = lay_places(study=world.study, membership=membership(world, user), now=NOW)
    if round_ is None:
        return None
    slot = Slot.objects.filter(round=round_, reserved_for=user, state=SlotState.OPEN).order_by("turn", "pk").first()
    if slot is None:
        return None
    slot.state, slot.rater, slot.lease_token = SlotState.LEASED, user, worlds.unknown_token()
    slot.lease_expires_at = NOW.replace(hour=23)
    slot.save()
    return slot


def answer(world: World, user: User, answers: Mapping[str, Any] = AGREES) -> Rating | None:
    """Her next calibration latent, rated."""
    slot = take(world, user)
    if slot is None:
        return None
    return submit_rating(
        ticket=read_ticket(write_ticket(slot), by=user),
        raw=complete_form(world.study, **answers),
        active_seconds=30.0,
        by=user,
        now=NOW,
    )


def answer_set(world: World, user: User, answers: Mapping[str, Any] = AGREES) -> list[Rating]:
    return [rating for _ in range(SIZE) if (rating := answer(world, user, answers))]
