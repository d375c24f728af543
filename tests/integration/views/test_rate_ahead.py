"""GET rate/ahead/: two sheets at most, hers first, blind as the page is, and none where it would cost a colleague."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.actions.claiming import claim
from annotation.actions.drafting import save_draft
from annotation.actions.reporting import report_snippet
from annotation.actions.rounds import close_round
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import SlotState
from annotation.models import Membership, Slot, Snippet, User
from annotation.queries.held_slots import name_of
from tests import world as worlds
from tests.html import without_tokens
from tests.world import World, complete_form

SignIn = Callable[[User], Client]


@pytest.fixture
def wide(db: None) -> World:
    return worlds.build(latents=20, sample=16)


@pytest.fixture
def current(wide: World) -> Slot:
    """The latent that Ada works on."""
    held = claim(study=wide.study, by=wide.ada, now=timezone.now())
    assert held is not None
    return held


def ask(client: Client, world: World, *after: str, **more: Any) -> Any:
    page = reverse("rate_ahead", args=[world.study.slug])
    return client.get(page, {"after": after, **more}, headers={"Accept": "application/json"})


def ahead(client: Client, world: World, *after: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(client, world, *after).json()
    return found


def place(world: World, name: str) -> Slot:
    """Ada's place that goes by this name on her page."""
    (found,) = (slot for slot in Slot.objects.filter(rater=world.ada) if name_of(slot, world.ada) == name)
    return found


def test_two_sheets_come_with_tickets_that_submit_them_in_order(wide: World, current: Slot, signed_in: SignIn) -> None:
    ada = signed_in(wide.ada)
    sheets = ahead(ada, wide, name_of(current, wide.ada))
    assert [sheet["title"] for sheet in sheets] == ["Latent 2 of 16", "Latent 3 of 16"]
    for sheet in sheets:
        slot = place(wide, sheet["slot"])
        assert (slot.rater, slot.state) == (wide.ada, SlotState.LEASED)
        assert read_ticket(sheet["ticket"], by=wide.ada).token == slot.lease_token
        assert sheet["ticket"] in sheet["html"]
        assert f'data-on-device="{sheet["slot"]}"' in sheet["html"]
    page = reverse("rate", args=[wide.study.slug])
    for ticket in (write_ticket(current), sheets[0]["ticket"], sheets[1]["ticket"]):
        form = complete_form(wide.study) | {"ticket": ticket}
        assert ada.post(page, form, headers={"Accept": "application/json"}).status_code == 200


def test_what_the_page_has_is_not_sent_again_only_held_for_longer(
    wide: World, current: Slot, signed_in: SignIn
) -> None:
    ada = signed_in(wide.ada)
    first, second = ahead(ada, wide, name_of(current, wide.ada))
    soon = timezone.now() + timedelta(minutes=1)
    Slot.objects.filter(pk=place(wide, first["slot"]).pk).update(lease_expires_at=soon)
    again = ahead(ada, wide, name_of(current, wide.ada), first["slot"], second["slot"])
    assert [sorted(sheet) for sheet in again] == [["lasts", "slot"]] * 2
    assert [sheet["slot"] for sheet in again] == [first["slot"], second["slot"]]
    assert again[0]["lasts"] > 300
    one_more = ahead(ada, wide, first["slot"], second["slot"])
    assert [("html" in sheet, sheet["slot"] == second["slot"]) for sheet in one_more] == [(False, True), (True, False)]


def test_after_a_reload_the_same_two_come_and_no_further_places_are_taken(
    wide: World, current: Slot, signed_in: SignIn
) -> None:
    ada = signed_in(wide.ada)
    before, after = ([sheet["slot"] for sheet in ahead(ada, wide, name_of(current, wide.ada))] for _ in range(2))
    assert before == after
    assert Slot.objects.filter(rater=wide.ada, state=SlotState.LEASED).count() == 3


def test_a_sheet_ahead_shows_no_more_than_the_page_does_and_a_draft_of_hers(
    wide: World, current: Slot, signed_in: SignIn
) -> None:
    ada = signed_in(wide.ada)
    (first, _) = ahead(ada, wide, name_of(current, wide.ada))
    slot = place(wide, first["slot"])
    for secret in (slot.latent.latent.identity, "Small SAE", "Small model", f"latent {slot.latent.latent.index}"):
        assert secret not in without_tokens(first["html"])
    ticket = read_ticket(first["ticket"], by=wide.ada)
    save_draft(ticket=ticket, answers={"rationale": "Begun before"}, by=wide.ada, now=timezone.now())
    (redrawn,) = ask(ada, wide, ticket=first["ticket"]).json()
    assert "Begun before" in redrawn["html"]
    assert re.search(r'name="draft_number" value="1"', redrawn["html"])


def test_nothing_comes_where_colleagues_would_go_without(world: World, signed_in: SignIn) -> None:
    held = claim(study=world.study, by=world.ada, now=timezone.now())
    assert held is not None
    assert ahead(signed_in(world.ada), world, name_of(held, world.ada)) == []


def test_a_place_that_ran_out_is_not_named_as_hers(wide: World, current: Slot, signed_in: SignIn) -> None:
    ada = signed_in(wide.ada)
    first, second = ahead(ada, wide, name_of(current, wide.ada))
    Slot.objects.filter(pk=place(wide, first["slot"]).pk).update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    slots = [sheet["slot"] for sheet in ahead(ada, wide, name_of(current, wide.ada), first["slot"], second["slot"])]
    assert slots[0] == second["slot"]
    assert len(slots) == 2


def test_a_colleagues_ticket_a_stranger_and_nonsense_get_no_sheet(
    wide: World, current: Slot, signed_in: SignIn
) -> None:
    assert ask(signed_in(wide.ben), wide, ticket=write_ticket(current)).status_code == 409
    assert ask(signed_in(wide.sven), wide).status_code == 404
    assert ask(signed_in(wide.nora), wide).status_code == 409
    assert ask(Client(), wide).status_code == 302
    assert len(ask(signed_in(wide.ada), wide, after=["x", "-1", "9" * 40, name_of(current, wide.ada)]).json()) == 2


def test_a_sheet_ahead_is_in_no_cache(wide: World, current: Slot, signed_in: SignIn) -> None:
    assert "no-store" in ask(signed_in(wide.ada), wide, name_of(current, wide.ada))["Cache-Control"]


def test_the_number_of_statements_does_not_grow_with_what_is_ahead(
    wide: World, current: Slot, signed_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    ada = signed_in(wide.ada)
    ahead(ada, wide, name_of(current, wide.ada))
    with django_assert_max_num_queries(45):
        ahead(ada, wide, name_of(current, wide.ada))


def still(client: Client, world: World, *tickets: str) -> Any:
    return ask(client, world, still=list(tickets))


def test_what_still_holds_is_said_of_the_page_and_of_the_sheets_ahead(
    wide: World, current: Slot, signed_in: SignIn
) -> None:
    ada = signed_in(wide.ada)
    first, second = ahead(ada, wide, name_of(current, wide.ada))
    own, *others = still(ada, wide, write_ticket(current), first["ticket"], second["ticket"]).json()
    assert own["slot"] == name_of(current, wide.ada)
    assert [sheet["slot"] for sheet in others] == [first["slot"], second["slot"]]
    assert min(sheet["lasts"] for sheet in (own, *others)) > 500
    for sheet, said in zip((first, second), others, strict=True):
        drawn = [int(pk) for pk in re.findall(r'data-snippet="(\d+)"', sheet["html"])]
        assert sorted(drawn) == sorted(said["shown"])


def test_a_reported_snippet_is_not_among_those_that_a_sheet_may_still_show(
    wide: World, current: Slot, signed_in: SignIn
) -> None:
    ada = signed_in(wide.ada)
    (first, _) = ahead(ada, wide, name_of(current, wide.ada))
    (before,) = still(ada, wide, first["ticket"]).json()
    snippet = Snippet.objects.get(pk=before["shown"][0])
    report_snippet(study=wide.study, snippet=snippet, by=wide.rosa, now=timezone.now())
    (after,) = still(ada, wide, first["ticket"]).json()
    assert snippet.pk not in after["shown"]
    assert after["shown"]


@pytest.mark.parametrize("what", ["ran out", "went to a colleague", "closed"])
def test_a_sheet_lasts_no_longer_than_its_place_is_hers_in_an_open_round(
    wide: World, current: Slot, signed_in: SignIn, what: str
) -> None:
    ada, ticket = signed_in(wide.ada), write_ticket(current)
    if what == "ran out":
        Slot.objects.filter(pk=current.pk).update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    elif what == "went to a colleague":
        Slot.objects.filter(pk=current.pk).update(rater=wide.ben)
    else:
        close_round(round_=current.round, by=wide.rosa, now=timezone.now())
    (said,) = still(ada, wide, ticket).json()
    assert said["lasts"] == 0


def test_who_withdrew_is_told_of_no_sheet_any_more(wide: World, current: Slot, signed_in: SignIn) -> None:
    ada = signed_in(wide.ada)
    Membership.objects.filter(user=wide.ada).update(withdrawn_at=timezone.now())
    answer = still(ada, wide, write_ticket(current))
    assert answer.status_code == 409
    assert "You withdrew" in answer.json()["detail"]
    assert still(signed_in(wide.ben), wide, write_ticket(current)).status_code == 409
