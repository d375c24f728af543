"""PUT /api/drafts/: what is kept, whose it is, and what every refusal says."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.actions.claiming import claim
from annotation.actions.declining import decline
from annotation.actions.rounds import close_round
from annotation.actions.tickets import read_ticket, write_ticket, write_ticket_of
from annotation.models import Draft, Membership, Rating, Slot, User
from annotation.rules.device import device_owner
from tests.world import World, complete_form, rate_next

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
    response = put(signed_in(world.ada), {"ticket": "x" + write_ticket(slot), "answers": {}})
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


def test_a_draft_that_comes_after_she_gave_the_latent_back_does_not_bring_it_to_life(
    world: World, slot: Slot, signed_in: SignIn
) -> None:
    ticket = write_ticket(slot)
    decline(ticket=read_ticket(ticket, by=world.ada), by=world.ada, now=timezone.now())
    response = put(signed_in(world.ada), {"ticket": ticket, "rationale": "On its way"})
    assert response.status_code == 409
    assert "not your field" in response.json()["detail"]
    assert not Draft.objects.exists()


@pytest.fixture
def given(world: World) -> Rating:
    """What Ada said before."""
    stored = rate_next(world.study, world.ada, concept="troponin")
    assert stored is not None
    return stored


def second_thought(rating: Rating, **answers: Any) -> dict[str, Any]:
    return {"ticket": write_ticket_of(rating), "revises": str(rating.pk), **answers}


def test_a_second_thought_is_kept_until_it_is_in_and_opens_again_as_it_was_left(
    world: World, given: Rating, signed_in: SignIn
) -> None:
    ada = signed_in(world.ada)
    page = reverse("revise_rating", args=[world.study.slug, given.pk])
    thought = second_thought(
        given, concept="troponin rise", rationale="It rose", reason="I overlooked the second value"
    )
    assert put(ada, thought).json()["number"] == 1
    drawn = ada.get(page).content.decode()
    for text in ("troponin rise", "It rose", "I overlooked the second value"):
        assert text in drawn
    form = complete_form(world.study, concept="troponin rise") | {"reason": "I overlooked the second value"}
    assert ada.post(page, form).status_code == 303
    assert not Draft.objects.exists()
    late = put(ada, thought)
    assert (late.status_code, "in another window meanwhile" in late.json()["detail"]) == (409, True)
    assert not Draft.objects.exists()


def test_a_first_answer_that_comes_late_is_no_second_thought(world: World, given: Rating, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    assert put(ada, {"ticket": write_ticket_of(given), "rationale": "Late"}).status_code == 409
    assert put(signed_in(world.ben), second_thought(given)).status_code == 409
    other = rate_next(world.study, world.ada)
    assert other is not None
    crossed = second_thought(given) | {"revises": str(other.pk)}
    assert put(ada, crossed).status_code == 404
    assert not Draft.objects.exists()
