"""Nothing in a rater's browser tells a retest from a first look: not a ticket, a name, a number or an order."""

import base64
import json
import re
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.actions.asking_raters import extra_round
from annotation.actions.claiming import claim
from annotation.actions.rating import submit_rating
from annotation.actions.rounds import open_missing_twins
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import RoundKind, SlotState
from annotation.models import Concept, Rating, Round, Slot, Study, User
from annotation.queries.last_ratings import last_ten
from annotation.queries.rating_sheet import rating_sheet
from tests import world as worlds
from tests.world import NOW, World, complete_form, rate_next

SignIn = Callable[[User], Client]
FAR = 77_000_000
"""Where ids of places and rounds begin here: no other number on a page looks like one."""


@pytest.fixture
def world(db: None) -> World:
    with connection.cursor() as cursor:
        for table in ("annotation_slot", "annotation_round"):  # Never back: what is remembered by id stays true.
            cursor.execute(f"SELECT setval('{table}_id_seq', greatest(nextval('{table}_id_seq'), {FAR}))")
    return worlds.build(retest_share=1.0, latents=20, sample=15)


def first_look(world: World) -> Slot:
    held = claim(study=world.study, by=world.ada, now=timezone.now())
    assert held is not None
    assert held.round.kind == RoundKind.INDEPENDENT
    return held


def make_due(world: World) -> None:
    """Retests of what Ada rated come next, and nothing is before her now."""
    free: dict[str, Any] = {"state": SlotState.OPEN, "rater": None, "lease_token": None, "lease_expires_at": None}
    Slot.objects.filter(rater=world.ada, state=SlotState.LEASED).update(**free)
    Slot.objects.filter(round__kind=RoundKind.RETEST).update(not_before=NOW)


def retest(world: World) -> Slot:
    held = claim(study=world.study, by=world.ada, now=timezone.now())
    assert held is not None
    assert held.round.kind == RoundKind.RETEST
    return held


def rate(world: World, user: User, *, seconds: float | None) -> Rating:
    slot = claim(study=world.study, by=user, now=timezone.now())
    assert slot is not None
    ticket = read_ticket(write_ticket(slot), by=user)
    raw = complete_form(world.study)
    return submit_rating(ticket=ticket, raw=raw, active_seconds=seconds, by=user, now=timezone.now())


def readable(ticket: str) -> bytes:
    """All that can be made of a ticket without the site's key."""
    found = ticket.encode()
    for part in re.split(r"[^A-Za-z0-9_=-]", ticket):
        decoded = base64.urlsafe_b64decode(part.rstrip("=") + "=" * (-len(part.rstrip("=")) % 4 % 3))
        found += decoded
        try:
            found += zlib.decompress(decoded)
        except zlib.error:
            continue
    return found


def test_a_ticket_says_nothing_and_is_as_long_for_a_retest(world: World) -> None:
    first = first_look(world)
    tickets = [write_ticket(first)]
    rate_next(world.study, world.ada, now=timezone.now())
    make_due(world)
    again = retest(world)
    tickets.append(write_ticket(again))
    for slot, ticket in zip((first, again), tickets, strict=True):
        read = read_ticket(ticket, by=world.ada)
        assert (read.slot, read.round, read.latent) == (slot.pk, slot.round_id, slot.latent_id)
        for number in (slot.pk, slot.round_id):
            assert str(number).encode() not in readable(ticket)
            assert number.to_bytes(8, "big") not in readable(ticket)
    assert len(tickets[0]) == len(tickets[1])


def test_no_number_of_a_place_or_round_is_on_the_page_nor_in_what_is_fetched_ahead(
    world: World, signed_in: SignIn
) -> None:
    ada = signed_in(world.ada)
    rate_next(world.study, world.ada, now=timezone.now())
    rate_next(world.study, world.ada, now=timezone.now())
    make_due(world)
    assert min(*Slot.objects.values_list("pk", flat=True), *Round.objects.values_list("pk", flat=True)) >= FAR
    page = ada.get(reverse("rate", args=["hearts"])).content.decode()
    ahead = ada.get(reverse("rate_ahead", args=["hearts"])).json()
    assert any(sheet["html"] for sheet in ahead)
    assert Slot.objects.filter(rater=world.ada, round__kind=RoundKind.RETEST, state=SlotState.LEASED).exists()
    for text in (page, json.dumps(ahead)):
        assert not re.search(r"\b77\d{6}\b", text)


def test_snippets_stand_mixed_at_the_first_look_too(world: World) -> None:
    """Ordered by strength at the first look and mixed at the second, the second would show what it is."""
    ordered = 0
    for _ in range(8):
        slot = first_look(world)
        sheet = rating_sheet(round_id=slot.round_id, latent_id=slot.latent_id, user=world.ada)
        strongest = [snippet.pk for snippet in sheet.groups[0].snippets]
        ordered += strongest == sorted(strongest)
        rate_next(world.study, world.ada, now=timezone.now())
    assert ordered == 0


def test_a_retest_has_the_number_of_its_round_and_leaves_no_gap(world: World) -> None:
    extra = extra_round(study=world.study, turn=1, now=NOW)
    numbers = world.study.rounds.order_by("pk").values_list("number", "kind")
    kinds = (RoundKind.INDEPENDENT, RoundKind.RETEST, RoundKind.EXTRA, RoundKind.RETEST)
    assert list(numbers) == list(zip((1, 1, 2, 2), kinds, strict=True))
    assert extra.number == 2


def test_the_promised_time_is_that_of_the_round_that_is_repeated(world: World) -> None:
    """Ada's browser counts no time: she is promised what her colleagues need, in the retest as before."""
    rate(world, world.ben, seconds=90.0)
    first = rate(world, world.ada, seconds=None)
    cache.clear()
    before = rating_sheet(round_id=first.round_id, latent_id=first.latent_id, user=world.ada)
    make_due(world)
    slot = retest(world)
    cache.clear()
    after = rating_sheet(round_id=slot.round_id, latent_id=slot.latent_id, user=world.ada)
    assert (before.seconds_each, after.seconds_each) == (90, 90)


def test_a_retest_offers_the_list_of_the_round_that_it_repeats(db: None) -> None:
    world = worlds.build()
    Concept.objects.create(study=world.study, name="sepsis", created_by=None, created_at=NOW)
    Study.objects.update(retest_share=1.0)
    world.study.refresh_from_db()
    open_missing_twins(study=world.study, now=NOW)
    first, twin = Round.objects.order_by("pk")
    assert (first.kind, twin.kind) == (RoundKind.INDEPENDENT, RoundKind.RETEST)
    assert set(twin.concepts.all()) == set(first.concepts.all())
    assert not twin.concepts.filter(name="sepsis").exists()


def test_her_list_of_ratings_hides_the_first_answer_from_the_second_on(world: World) -> None:
    """By the round itself, not by its number, which both share."""
    given = [rate_next(world.study, world.ada, now=timezone.now()) for _ in range(3)]
    make_due(world)
    again = rate_next(world.study, world.ada, now=timezone.now() + timedelta(minutes=1))
    assert again is not None
    shown = {row.rating for row in last_ten(world.ada, world.study)}
    assert again.pk in shown
    assert shown.isdisjoint({one.pk for one in given if one and one.latent == again.latent})
