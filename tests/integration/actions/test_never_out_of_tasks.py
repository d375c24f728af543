"""No "no tasks left" while there are tasks: in made-up rounds of every kind a rater is handed a place exactly where one
is hers by the rules, told here once more in Python.
"""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from annotation.actions.claiming import claim
from annotation.actions.rounds import start_round
from annotation.enums import Outcome, Role, RoundKind, SlotState
from annotation.models import Decline, Institution, Membership, Rating, Round, Slot, User
from annotation.rules.handing_out import FIRST_LOOK
from tests import world as worlds
from tests.world import NOW, World, add_rater

CASES = 40
AGO, SOON = NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)


@pytest.fixture
def world(db: None) -> World:
    return worlds.build(latents=12, sample=2, open_the_round=False)


def rounds_of(world: World) -> list[Round]:
    first = start_round(study=world.study, kind=RoundKind.INDEPENDENT, now=NOW)
    start_round(study=world.study, kind=RoundKind.EXTRA, now=NOW)
    start_round(study=world.study, kind=RoundKind.AGAIN, repeats=first, now=NOW)
    Round.objects.create(
        study=world.study, number=1, kind=RoundKind.RETEST, rubric=first.rubric, repeats=first, state="open",
        opened_at=NOW,
    )  # fmt: skip
    return list(world.study.rounds.order_by("pk"))


class Case:
    """Places, ratings and declines at random, few enough that often nothing is left."""

    def __init__(self, world: World, rounds: list[Round], people: list[User], seed: int) -> None:
        self.chance = random.Random(seed)
        self.world, self.rounds, self.people = world, rounds, people
        self.token = seed * 1000
        self.latents = list(world.study.sample.order_by("position"))
        for round_ in rounds:
            for latent in self.latents:
                for number in range(1, self.chance.choice([0, 0, 1, 2]) + 1):
                    self.lay(round_, latent, number)
        for _ in range(self.chance.randint(0, 6)):
            self.rate(self.chance.choice(rounds), self.chance.choice(self.latents), self.chance.choice(people))
        for _ in range(self.chance.randint(0, 3)):
            declined = {"latent": self.chance.choice(self.latents), "rater": self.chance.choice(people)}
            Decline.objects.get_or_create(**declined, defaults={"round": rounds[0], "declined_at": NOW})

    def lay(self, round_: Round, latent: Any, number: int) -> None:
        first_look = round_.kind in FIRST_LOOK
        reserved = None if first_look and self.chance.random() < 0.7 else self.chance.choice(self.people)
        place = Slot(
            round=round_, latent=latent, number=number, reserved_for=reserved, turn=self.chance.randrange(2**31),
            priority=number, institution=self.chance.choice([None, self.world.north, self.world.south]),
            not_before=self.chance.choice([None, AGO, SOON]) if reserved else None,
        )  # fmt: skip
        taken = self.chance.choice([None, "held", "ran out", SlotState.SUBMITTED])
        holder = reserved or self.chance.choice(self.people)
        if taken and not self.holds(round_, latent, holder):
            place.rater = holder
            place.state = SlotState.SUBMITTED if taken == SlotState.SUBMITTED else SlotState.LEASED
            if place.state == SlotState.LEASED:
                self.token += 1
                place.lease_token, place.lease_expires_at = UUID(int=self.token), SOON if taken == "held" else AGO
        place.save()

    def holds(self, round_: Round, latent: Any, person: User) -> bool:
        return Slot.objects.filter(round=round_, latent=latent, rater=person).exists()

    def rate(self, round_: Round, latent: Any, person: User) -> None:
        if Rating.objects.filter(round=round_, latent=latent, rater=person).exists():
            return
        self.token += 1
        Rating.objects.create(
            study=self.world.study, latent=latent, round=round_, rater=person, institution=institution_of(person),
            submit_token=UUID(int=self.token), outcome=Outcome.CANNOT_TELL, answers={}, submitted_at=NOW,
        )  # fmt: skip


def institution_of(person: User) -> Institution:
    institution = Membership.objects.select_related("institution").get(user=person, role=Role.ANNOTATOR).institution
    assert institution is not None
    return institution


def hers(person: User) -> set[int]:
    """The places that the rules allow to be handed to her now: written from the rules, not from the statement."""
    places = list(Slot.objects.select_related("round"))
    had = [(slot.round_id, slot.latent_id, slot.pk) for slot in places if slot.rater_id == person.pk]
    had += [
        (round_, latent, 0) for round_, latent in Rating.objects.filter(rater=person).values_list("round", "latent")
    ]
    declined = set(Decline.objects.filter(rater=person).values_list("latent", flat=True))
    mine = institution_of(person).pk

    def is_hers(slot: Slot) -> bool:
        if slot.state == SlotState.LEASED and slot.rater_id == person.pk:
            return True
        others = [round_ for round_, latent, pk in had if latent == slot.latent_id and pk != slot.pk]
        return (
            (slot.state == SlotState.OPEN or (slot.state == SlotState.LEASED and slot.lease_expires_at == AGO))
            and slot.institution_id in (None, mine)
            and slot.reserved_for_id in (None, person.pk)
            and slot.not_before != SOON
            and slot.latent_id not in declined
            and (not others if slot.round.kind in FIRST_LOOK else slot.round_id not in others)
        )

    return {slot.pk for slot in places if is_hers(slot)}


def test_a_place_is_handed_out_exactly_where_one_is_hers(world: World) -> None:
    rounds = rounds_of(world)
    people = [world.ada, world.ben, add_rater(world, "eve", world.north)]
    none = 0
    for seed in range(CASES):
        with transaction.atomic():
            Case(world, rounds, people, seed)
            for person in people:
                with transaction.atomic():
                    expected = hers(person)
                    slot = claim(study=world.study, by=person, now=NOW)
                    none += slot is None
                    assert (slot.pk if slot else None) in (expected or {None}), (seed, person)
                    transaction.set_rollback(True)
            transaction.set_rollback(True)
    assert 20 < none < 3 * CASES - 20
