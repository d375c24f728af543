"""PUT /api/drafts/: what is kept, whose it is, and what every refusal says."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from annotation.actions.claiming import claim
from annotation.actions.rounds import close_round
from annotation.actions.tickets import write_ticket
from annotation.models import Draft, Membership, Slot, User
from annotation.rules.device import device_owner
from tests.world import World, complete_form

SignIn = Callable[[User], Client]
URL = "/api/drafts/"


@pytest.fixture
def slot(world: World) -> Slot:
    """The latent that Ada holds."""
    held = claim(study=world.study, by=world.ada, now=timezone.now())
    assert held is not None
    return held


def put(client: Client, body: Any) -> Any:
    content = body if isinstance(body, str) else json.dumps(body)
    return client.put(URL, content, content_type="application/json")


def test_what_was_entered_is_kept_complete_or_not(world: World, slot: Slot, signed_in: SignIn) -> None:
    body = {"ticket": write_ticket(slot), "answers": {"concept": "trop", "flags": ["artefact"], "category": None}}
    response = put(signed_in(world.ada), body)
    draft = Draft.objects.get()
    assert response.status_code == 200
    assert response.json() == {"saved_at": draft.saved_at.isoformat().replace("+00:00", "Z"), "number": 1}
    assert (draft.rater, draft.latent_id, draft.answers) == (world.ada, slot.latent_id, body["answers"])


def test_the_forms_fields_may_stand_beside_the_ticket(world: World, slot: Slot, signed_in: SignIn) -> None:
    put(signed_in(world.ada), {"ticket": write_ticket(slot), "concept": "trop", "rationale": "Because"})
    assert Draft.objects.get().answers == {"concept": "trop", "rationale": "Because"}


def test_a_later_draft_takes_the_place_of_the_earlier(world: World, slot: Slot, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    for concept in ("tro", "troponin"):
        put(ada, {"ticket": write_ticket(slot), "answers": {"concept": concept}})
    assert Draft.objects.get().answers == {"concept": "troponin"}


def test_saving_keeps_the_place_for_longer(world: World, slot: Slot, signed_in: SignIn) -> None:
    soon = timezone.now() + timedelta(minutes=1)
    Slot.objects.filter(pk=slot.pk).update(lease_expires_at=soon)
    put(signed_in(world.ada), {"ticket": write_ticket(slot), "answers": {}})
    assert Slot.objects.filter(pk=slot.pk, lease_expires_at__gt=soon + timedelta(minutes=20)).exists()


def test_nobody_saves_without_signing_in(slot: Slot) -> None:
    response = put(Client(), {"ticket": write_ticket(slot), "answers": {}})
    assert response.status_code == 403
    assert isinstance(response.json()["detail"], str)
    assert not Draft.objects.exists()


def test_a_request_that_another_site_made_the_browser_send_is_refused(world: World, slot: Slot) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.ada)
    assert put(client, {"ticket": write_ticket(slot), "answers": {}}).status_code == 403
    assert not Draft.objects.exists()


def test_a_colleagues_ticket_saves_nothing(world: World, slot: Slot, signed_in: SignIn) -> None:
    response = put(signed_in(world.ben), {"ticket": write_ticket(slot), "answers": {"concept": "not mine"}})
    assert response.status_code == 409
    assert "opened by someone else" in response.json()["detail"]
    assert not Draft.objects.exists()


def test_who_left_the_study_saves_nothing(world: World, slot: Slot, signed_in: SignIn) -> None:
    Membership.objects.filter(user=world.ada).delete()
    response = put(signed_in(world.ada), {"ticket": write_ticket(slot), "answers": {}})
    assert response.status_code == 404
    assert not Draft.objects.exists()


def test_a_forged_ticket_saves_nothing(world: World, slot: Slot, signed_in: SignIn) -> None:
    response = put(signed_in(world.ada), {"ticket": write_ticket(slot) + "x", "answers": {}})
    assert response.status_code == 409
    assert "does not come from this site" in response.json()["detail"]


def test_after_the_rating_is_in_the_other_window_is_told(world: World, slot: Slot, signed_in: SignIn) -> None:
    ada, ticket = signed_in(world.ada), write_ticket(slot)
    ada.post(f"/studies/{world.study.slug}/rate/", complete_form(world.study) | {"ticket": ticket})
    response = put(ada, {"ticket": ticket, "answers": {"concept": "late"}})
    assert response.status_code == 409
    assert "That rating is kept" in response.json()["detail"]
    assert not Draft.objects.exists()


def test_after_the_round_closed_the_reason_is_told(world: World, slot: Slot, signed_in: SignIn) -> None:
    ticket = write_ticket(slot)
    close_round(round_=slot.round, by=world.rosa, now=timezone.now())
    response = put(signed_in(world.ada), {"ticket": ticket, "answers": {}})
    assert response.status_code == 409
    assert "This round is closed" in response.json()["detail"]


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"answers": {}}', '{"ticket": 3}', '{"ticket": "x", "answers": []}', '"text"']
)
def test_what_is_no_draft_is_told_so(world: World, slot: Slot, signed_in: SignIn, body: str) -> None:
    response = put(signed_in(world.ada), body)
    assert response.status_code == 400
    assert response.json()


@pytest.mark.parametrize("answer", [{"deep": {"er": 1}}, [[1]], "x" * 30_000, float("1e999")])
def test_answers_that_no_rubric_asks_for_are_refused(world: World, slot: Slot, signed_in: SignIn, answer: Any) -> None:
    body = json.dumps({"ticket": write_ticket(slot), "answers": {"concept": answer}}).replace("Infinity", "1e999")
    response = put(signed_in(world.ada), body)
    assert response.status_code == 409
    assert response.json()["detail"].endswith(".")
    assert not Draft.objects.exists()


def test_characters_that_postgres_cannot_hold_are_left_out(world: World, slot: Slot, signed_in: SignIn) -> None:
    body = json.dumps({"ticket": write_ticket(slot), "answers": {"rationale": "a\x00b\ud800c é 🫀"}})
    assert put(signed_in(world.ada), body).status_code == 200
    assert Draft.objects.get().answers == {"rationale": "abc é 🫀"}


@pytest.mark.parametrize("method", ["get", "post", "patch", "delete"])
def test_a_draft_can_only_be_put(world: World, signed_in: SignIn, method: str) -> None:
    assert getattr(signed_in(world.ada), method)(URL).status_code == 405


ONE, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def put_from(client: Client, slot: Slot, window: str, number: int, **answers: Any) -> Any:
    return put(client, {"ticket": write_ticket(slot), "window": window, "draft_number": number, **answers})


def test_a_window_counts_its_drafts_and_where_it_comes_from_is_no_answer(
    world: World, slot: Slot, signed_in: SignIn
) -> None:
    ada = signed_in(world.ada)
    numbers = [put_from(ada, slot, ONE, number, concept="trop").json()["number"] for number in (0, 1, 1)]
    assert numbers == [1, 2, 3]
    draft = Draft.objects.get()
    assert (draft.answers, draft.window, draft.number) == ({"concept": "trop"}, ONE, 3)


def test_an_older_window_is_refused_with_the_newer_draft_and_overwrites_it_only_on_purpose(
    world: World, slot: Slot, signed_in: SignIn
) -> None:
    ada = signed_in(world.ada)
    put_from(ada, slot, ONE, 0, concept="of the first")
    refused = put_from(ada, slot, OTHER, 0, concept="of the second")
    assert refused.status_code == 409
    newer = refused.json()["newer"]
    assert (newer["answers"], newer["number"]) == ({"concept": "of the first"}, 1)
    assert Draft.objects.get().answers == {"concept": "of the first"}
    assert put_from(ada, slot, OTHER, newer["number"], concept="of the second").json()["number"] == 2
    assert put_from(ada, slot, ONE, 1, concept="of the first, again").status_code == 409
    assert Draft.objects.get().answers == {"concept": "of the second"}


def test_a_page_of_hers_saves_nothing_while_someone_else_is_signed_in(
    world: World, slot: Slot, signed_in: SignIn
) -> None:
    body = json.dumps({"ticket": write_ticket(slot), "concept": "hers"})
    person = {"HTTP_X_CONSILIUM_PERSON": device_owner(world.ada)}
    refused = signed_in(world.ben).put(URL, body, content_type="application/json", **person)  # type: ignore[arg-type]
    assert refused.status_code == 401
    assert not Draft.objects.exists()
    assert signed_in(world.ada).put(URL, body, content_type="application/json", **person).status_code == 200  # type: ignore[arg-type]
