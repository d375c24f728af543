"""Not my field: the latent goes to a colleague, comes to her no more, and counts against nobody."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.claiming import claim
from annotation.actions.declining import decline
from annotation.actions.drafting import save_draft
from annotation.actions.rounds import close_round, start_round
from annotation.actions.tickets import Ticket, read_ticket, write_ticket
from annotation.enums import AuditVerb, RoundKind, SlotState
from annotation.models import AuditEvent, Decline, Draft, Slot, User
from annotation.queries.declined_by_all import declined_by_all
from annotation.rules.refusal import Refused
from tests.world import NOW, World, add_rater, rate_next

SignIn = Callable[[User], Client]
ADDRESS = "/studies/hearts/rate/decline/"


def held(world: World, user: User) -> tuple[Slot, Ticket, str]:
    slot = claim(study=world.study, by=user, now=NOW)
    assert slot is not None
    text = write_ticket(slot)
    return slot, read_ticket(text, by=user), text


def test_the_place_is_free_again_the_draft_is_gone_and_the_next_latent_is_another(
    world: World, signed_in: SignIn
) -> None:
    slot, ticket, text = held(world, world.ada)
    save_draft(ticket=ticket, answers={"concept": "some"}, by=world.ada, now=NOW)
    client = signed_in(world.ada)
    response = client.post(ADDRESS, {"ticket": text})
    assert (response.status_code, response["Location"]) == (303, reverse("rate", args=["hearts"]))
    slot.refresh_from_db()
    assert (slot.state, slot.rater) == (SlotState.OPEN, None)
    assert not Draft.objects.exists()
    assert "a colleague gets that latent" in client.get(response["Location"]).content.decode()
    assert not Slot.objects.filter(rater=world.ada, latent=slot.latent).exists()
    event = AuditEvent.objects.get(verb=AuditVerb.LATENT_DECLINED)
    assert (event.actor, event.detail) == (world.ada.pk, {"round": 1})


def test_a_declined_latent_never_comes_back_to_her_and_comes_to_a_colleague(world: World) -> None:
    eve = add_rater(world, "eve", world.north)
    slot, ticket, _ = held(world, world.ada)
    decline(ticket=ticket, by=world.ada, now=NOW)
    given = []
    while rating := rate_next(world.study, world.ada):
        given.append(rating.latent)
    assert slot.latent not in given
    assert len(given) == 5
    colleague = rate_next(world.study, eve)
    assert colleague is not None
    assert colleague.latent == slot.latent


def test_the_same_form_twice_declines_once(world: World) -> None:
    _, ticket, _ = held(world, world.ada)
    assert decline(ticket=ticket, by=world.ada, now=NOW) == decline(ticket=ticket, by=world.ada, now=NOW)
    assert Decline.objects.count() == 1
    assert AuditEvent.objects.filter(verb=AuditVerb.LATENT_DECLINED).count() == 1


def test_what_is_rated_or_closed_is_not_given_back(world: World, signed_in: SignIn) -> None:
    _, ticket, text = held(world, world.ada)
    rate_next(world.study, world.ada)
    with pytest.raises(Refused, match="rated this latent already"):
        decline(ticket=ticket, by=world.ada, now=NOW)
    _, other, _ = held(world, world.ada)
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    with pytest.raises(Refused, match="round is closed"):
        decline(ticket=other, by=world.ada, now=NOW)
    response = signed_in(world.ada).post(ADDRESS, {"ticket": text}, follow=True)
    assert "This round is closed" in response.content.decode()
    assert not Decline.objects.exists()


def test_somebody_elses_ticket_is_refused(world: World, signed_in: SignIn) -> None:
    _, _, text = held(world, world.ben)
    response = signed_in(world.ada).post(ADDRESS, {"ticket": text}, follow=True)
    assert "opened by someone else" in response.content.decode()
    assert not Decline.objects.exists()
    assert signed_in(world.ada).get(ADDRESS).status_code == 405
    assert signed_in(world.sven).post(ADDRESS, {"ticket": text}).status_code == 404


def test_a_place_that_was_kept_for_her_is_anyones_then_and_a_retest_is_gone(world: World) -> None:
    round_ = world.study.rounds.get()
    latent = world.study.sample.earliest("position")
    Slot.objects.filter(latent=latent, institution=world.north).update(reserved_for=world.ada)
    slot, ticket, _ = held(world, world.ada)
    assert slot.latent == latent
    retest = start_round(study=world.study, kind=RoundKind.RETEST, repeats=round_, now=NOW)
    Slot.objects.create(round=retest, latent=latent, number=1, reserved_for=world.ada)
    decline(ticket=ticket, by=world.ada, now=NOW)
    slot.refresh_from_db()
    assert (slot.state, slot.reserved_for, slot.institution) == (SlotState.OPEN, None, world.north)
    assert not retest.slots.exists()


def test_the_study_page_says_when_everyone_who_could_take_it_declined(world: World, signed_in: SignIn) -> None:
    page = reverse("study", args=["hearts"])
    _, ticket, _ = held(world, world.ada)
    decline(ticket=ticket, by=world.ada, now=NOW)
    found = declined_by_all(world.study)
    assert (found.latents, found.places) == (1, 1)
    assert "given back as “not my field” by everyone" in signed_in(world.rosa).get(page).content.decode()
    add_rater(world, "eve", world.north)
    assert declined_by_all(world.study).latents == 0
    assert "given back as “not my field” by everyone" not in signed_in(world.rosa).get(page).content.decode()
