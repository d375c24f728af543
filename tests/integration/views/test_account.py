"""Signing in by password or one-time link, signing out, and one's own account."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from annotation.actions.accounts import choose_password
from annotation.actions.links import issue_link
from annotation.enums import AuditVerb
from annotation.models import AuditEvent, SignInLink, User
from tests.html import without_tokens
from tests.world import NOW, World

SignIn = Callable[[User], Client]
PASSWORD = "a horse reads troponin"
WRONG = "This e-mail address and password do not go together"


@pytest.fixture(autouse=True)
def fresh_counts(db: None) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ada(world: World) -> User:
    return choose_password(password=PASSWORD, by=world.ada, now=NOW)


def try_password(client: Client, email: str, password: str, **more: str) -> tuple[int, str]:
    response = client.post("/sign-in/", {"username": email, "password": password, **more})
    return response.status_code, response.get("Location") or response.content.decode()


def signed_in_as(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_e_mail_and_password_open_the_site(ada: User, client: Client) -> None:
    assert try_password(client, "Ada@Hospital.example", PASSWORD) == (302, "/")
    assert signed_in_as(client) == str(ada.pk)


def test_the_page_that_was_asked_for_comes_next_unless_it_is_elsewhere(ada: User) -> None:
    assert try_password(Client(), ada.email, PASSWORD, next="/account/")[1] == "/account/"
    assert try_password(Client(), ada.email, PASSWORD, next="https://elsewhere.example/")[1] == "/"
    assert try_password(Client(), ada.email, PASSWORD, next="//elsewhere.example/")[1] == "/"


def test_the_sentence_is_the_same_whatever_was_wrong(world: World, ada: User) -> None:
    User.objects.filter(pk=world.ben.pk).update(is_active=False)
    for email, password in ((ada.email, "wrong"), ("nobody@hospital.example", PASSWORD), (world.ben.email, PASSWORD)):
        status, page = try_password(Client(), email, password)
        assert status == 422
        assert WRONG in page


def test_a_person_without_a_password_cannot_sign_in_by_one(world: World, client: Client) -> None:
    assert try_password(client, world.ben.email, "")[0] == 422
    assert signed_in_as(client) is None


def test_guessing_is_slowed_down_and_does_not_lock_out_others(ada: User, world: World) -> None:
    guesser = Client(REMOTE_ADDR="10.0.0.9")
    for _ in range(10):
        try_password(guesser, ada.email, "wrong")
    assert "Too many tries" in try_password(guesser, ada.email, PASSWORD)[1]
    assert try_password(Client(REMOTE_ADDR="10.0.0.1"), ada.email, PASSWORD)[0] == 302


def test_the_sign_in_page_speaks_of_one_time_links(db: None, client: Client) -> None:
    assert "one-time link" in client.get("/sign-in/").content.decode()


def test_whoever_is_signed_in_already_goes_on(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.ada).get("/sign-in/")["Location"] == "/"


def test_signing_out_takes_a_post(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.ada)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert signed_in_as(client) is None


def enter(user: User, **changes: timedelta) -> str:
    return f"/enter/{issue_link(user=user, by=None, now=timezone.now(), **changes)}/"


def test_looking_at_a_link_spends_nothing_and_names_nobody(world: World, client: Client) -> None:
    address = enter(world.ada)
    for _ in range(2):
        page = client.get(address)
        assert page.status_code == 200
        assert "Ada" not in without_tokens(page.content.decode())
        assert "ada@" not in without_tokens(page.content.decode())
    assert signed_in_as(client) is None
    assert "no-store" in page["Cache-Control"]


def test_a_link_opens_the_account_once(world: World, client: Client) -> None:
    address = enter(world.ada)
    assert client.post(address)["Location"] == "/"
    assert signed_in_as(client) == str(world.ada.pk)
    other = Client()
    spent = other.post(address)
    assert spent.status_code == 410
    assert "has been used or has run out" in spent.content.decode()
    assert other.get(address).status_code == 410
    assert signed_in_as(other) is None


@pytest.mark.parametrize("address", ["/enter/unheard-of/", "/enter/%00/", "/enter/" + "x" * 500 + "/"])
def test_a_link_that_never_was_is_a_sentence(db: None, client: Client, address: str) -> None:
    assert client.get(address).status_code == 410
    assert client.post(address).status_code == 410


def test_an_old_link_opens_nothing(world: World, client: Client) -> None:
    address = enter(world.ada, lifetime=timedelta(seconds=-1))
    assert client.get(address).status_code == 410
    assert client.post(address).status_code == 410


def test_entering_by_link_is_audited(world: World, client: Client) -> None:
    client.post(enter(world.ada))
    event = AuditEvent.objects.filter(verb=AuditVerb.SIGNED_IN).get()
    assert event.actor == world.ada.pk
    assert event.target == f"signinlink:{SignInLink.objects.get().pk}"


def test_the_account_page_says_where_i_take_part(world: World, signed_in: SignIn) -> None:
    html = signed_in(world.ada).get("/account/").content.decode()
    for word in ("Ada", "ada@hospital.example", "Hearts", "Annotator", "North Hospital", "R01"):
        assert word in html
    assert "Ben" not in without_tokens(html)


def test_a_first_password_needs_no_old_one_and_keeps_her_signed_in(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.ada)
    assert client.post("/account/", {"new": PASSWORD, "again": PASSWORD})["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert try_password(Client(), world.ada.email, PASSWORD)[0] == 302


def test_changing_a_password_needs_the_old_one(ada: User, signed_in: SignIn) -> None:
    client = signed_in(ada)
    new = {"new": "another horse reads it", "again": "another horse reads it"}
    refused = client.post("/account/", {"current": "wrong", **new})
    assert "This is not your current password." in refused.content.decode()
    assert client.post("/account/", {"current": PASSWORD, **new}).status_code == 302
    assert try_password(Client(), ada.email, PASSWORD)[0] == 422


@pytest.mark.parametrize(
    ("new", "again", "sentence"),
    [
        ("short", "short", "too short"),
        ("password1234", "password1234", "too common"),
        (PASSWORD, PASSWORD + "!", "The two are not the same."),
    ],
)
def test_a_bad_password_is_refused_with_a_sentence(
    world: World, signed_in: SignIn, new: str, again: str, sentence: str
) -> None:
    response = signed_in(world.ada).post("/account/", {"new": new, "again": again})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    world.ada.refresh_from_db()
    assert not world.ada.has_usable_password()
