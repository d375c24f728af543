"""POST rate/ by script: taken once, told how it stands, and refused in words; nothing is drawn."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.actions.claiming import claim
from annotation.actions.rounds import close_round
from annotation.actions.tickets import write_ticket
from annotation.models import Draft, Rating, Slot, User
from annotation.rules.device import device_owner
from tests.world import World, add_rater, complete_form, rate_next

SignIn = Callable[[User], Client]


@pytest.fixture
def slot(world: World) -> Slot:
    """The latent that Ada holds."""
    held = claim(study=world.study, by=world.ada, now=timezone.now())
    assert held is not None
    return held


def send(client: Client, world: World, slot: Slot, **changes: Any) -> Any:
    headers = changes.pop("headers", {})
    fields = complete_form(world.study, **changes) | {"ticket": write_ticket(slot), "active_seconds": "41"}
    fields = {name: value for name, value in fields.items() if value is not None}
    page = reverse("rate", args=[world.study.slug])
    return client.post(page, fields, headers={"Accept": "application/json"} | headers)


def test_a_rating_is_taken_and_the_answer_says_when_and_where_to_go_on(
    world: World, slot: Slot, signed_in: SignIn
) -> None:
    answer = send(signed_in(world.ada), world, slot)
    rating = Rating.objects.get()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    found = answer.json()
    assert found.pop("message") == f"Saved {timezone.localtime(rating.submitted_at):%H:%M}. Next latent."
    assert found == {
        "saved_at": rating.submitted_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "surplus": False,
        "differs": False,
        "next": reverse("rate", args=[world.study.slug]),
    }


def test_a_browser_without_script_still_gets_pages(world: World, slot: Slot, signed_in: SignIn) -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert send(signed_in(world.ada), world, slot, headers={"Accept": accept}).status_code == 303


def test_the_same_form_again_is_the_same_answer_and_one_rating(world: World, slot: Slot, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    first, again = (send(ada, world, slot).json() for _ in range(2))
    assert first == again
    assert Rating.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"rationale": "Another reason."},
        {"concept": "troponin"},
        {"coherence": 1},
        {"outcome": "cannot-tell"},
        {"second_concept": "negation"},
        {"rationale": ""},
    ],
)
def test_the_same_form_with_other_answers_is_told_that_the_first_count(
    world: World, slot: Slot, signed_in: SignIn, changes: dict[str, Any]
) -> None:
    ada = signed_in(world.ada)
    send(ada, world, slot)
    answer = send(ada, world, slot, **changes).json()
    assert answer["differs"] is True
    assert "stays as it was" in answer["message"]
    assert Rating.objects.get().rationale == "The snippets share chest pain."


def test_what_is_missing_is_told_by_field_and_the_form_is_kept(world: World, slot: Slot, signed_in: SignIn) -> None:
    answer = send(signed_in(world.ada), world, slot, rationale=" ", concept="unstable angina")
    assert answer.status_code == 422
    assert "the rationale is missing" in answer.json()["problems"]["rationale"]
    assert Draft.objects.get().answers["concept"] == "unstable angina"
    assert not Rating.objects.exists()


def test_a_closed_round_and_a_forged_ticket_are_refused_in_words(world: World, slot: Slot, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    close_round(round_=slot.round, by=world.rosa, now=timezone.now())
    answer = send(ada, world, slot)
    assert (answer.status_code, "This round is closed" in answer.json()["detail"]) == (409, True)
    page = reverse("rate", args=[world.study.slug])
    forged = ada.post(page, complete_form(world.study) | {"ticket": "x"}, headers={"Accept": "application/json"})
    assert (forged.status_code, "does not come from this site" in forged.json()["detail"]) == (409, True)


def test_a_rating_that_comes_late_is_kept_as_surplus_and_says_so(world: World, slot: Slot, signed_in: SignIn) -> None:
    Slot.objects.filter(pk=slot.pk).update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    bea = add_rater(world, "bea", world.north)
    while rate_next(world.study, bea, now=timezone.now()):
        pass
    answer = send(signed_in(world.ada), world, slot).json()
    assert answer["surplus"] is True
    assert "Your rating is kept and counts like any other." in answer["message"]
    assert Rating.objects.get(rater=world.ada).slot is None


def test_a_page_of_hers_sends_nothing_while_someone_else_is_signed_in(
    world: World, slot: Slot, signed_in: SignIn
) -> None:
    answer = send(signed_in(world.ben), world, slot, headers={"X-Consilium-Person": device_owner(world.ada)})
    assert (answer.status_code, "Someone else is signed in" in answer.json()["detail"]) == (401, True)
    assert not Rating.objects.exists()


def test_a_stranger_learns_as_little_as_from_a_page(world: World, slot: Slot, signed_in: SignIn) -> None:
    answer = send(signed_in(world.sven), world, slot)
    assert (answer.status_code, list(answer.json())) == (404, ["detail"])
