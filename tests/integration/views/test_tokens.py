"""One's own API tokens: made on a page, shown once, revoked there."""

import re

from django.test import Client

from annotation.models import ApiToken
from tests.api_world import Script, token
from tests.world import World


def page(client: Client) -> str:
    return client.get("/account/tokens/").content.decode()


def test_a_token_is_shown_in_the_answer_to_its_form_and_never_again(world: World, client: Client) -> None:
    client.force_login(world.rosa)
    wish = {"name": "Nightly copy", "study": world.study.pk, "days": "30", "scopes": ["read", "release"]}
    answer = client.post("/account/tokens/", wish)
    (text,) = set(re.findall(r"consilium_[\w-]{43}", answer.content.decode()))
    assert "no-store" in answer["Cache-Control"]
    assert Script(text).get("studies/hearts/").status_code == 200
    assert text not in page(client)
    assert "Nightly copy" in page(client)
    assert ApiToken.objects.get().scopes == ["read", "release"]


def test_what_no_token_may_do_is_said_in_the_form(world: World, client: Client) -> None:
    client.force_login(world.ada)
    assert "Cut releases" not in page(client)
    wish = {"name": "Mine", "study": world.study.pk, "days": "30", "scopes": ["release"]}
    answer = client.post("/account/tokens/", wish)
    assert answer.status_code == 422
    assert "do not allow “Cut releases" in answer.content.decode()
    nothing = client.post("/account/tokens/", {**wish, "scopes": []})
    assert "at least one thing" in nothing.content.decode()
    assert client.post("/account/tokens/", {**wish, "study": 99}).status_code == 422
    assert not ApiToken.objects.exists()


def test_a_revoked_one_opens_nothing_and_stays_in_the_list(world: World, client: Client) -> None:
    asking = Script(token(world.ada, world.study))
    client.force_login(world.ada)
    pk = ApiToken.objects.get().pk
    answer = client.post(f"/account/tokens/{pk}/revoke/", follow=True)
    assert "is revoked: it opens nothing any more" in answer.content.decode()
    assert "Revoked" in page(client)
    assert asking.get("studies/").status_code == 401


def test_nobody_sees_or_revokes_anothers(world: World, client: Client) -> None:
    token(world.ada, world.study)
    client.force_login(world.ben)
    assert "A script" not in page(client)
    assert client.post(f"/account/tokens/{ApiToken.objects.get().pk}/revoke/").status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_who_is_in_no_study_can_make_none(world: World, client: Client) -> None:
    client.force_login(world.sven)
    assert "You are not in a study yet" in page(client)
    assert client.post("/account/tokens/", {"name": "x", "days": "30", "scopes": ["read"]}).status_code == 422
