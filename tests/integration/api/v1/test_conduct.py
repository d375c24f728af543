"""How the API answers, whatever the address: problems, lists in pages, conditions, keys, limits, a lost cache."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import override_settings
from django.utils import timezone
from redis.exceptions import ConnectionError as CacheGone

from annotation.actions.answering_once import forget_old_answers
from annotation.actions.sweeping import sweep
from annotation.enums import RoundKind, RoundState, TokenScope
from annotation.models import Rating, Round, StoredAnswer
from tests.api_world import Script, problem, script, token
from tests.world import World, complete_form, rate_next


@pytest.fixture(autouse=True)
def fresh_counts(db: None) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def rating(world: World, ticket: str, **changes: Any) -> dict[str, Any]:
    form = complete_form(world.study)
    said = {key: form[key] for key in form if key not in ("outcome", "rationale")}
    return {"ticket": ticket, "answers": said, "rationale": "All of them name chest pain."} | changes


def handed(asking: Script) -> dict[str, Any]:
    """The next latent, taken."""
    return dict(asking.post("studies/hearts/slots/").json())


# Problems


@pytest.mark.parametrize(
    ("path", "method", "sent", "headers", "status", "name"),
    [
        ("nowhere/", "GET", None, {}, 404, "not-found"),
        ("studies", "GET", None, {}, 404, "not-found"),
        ("studies/hearts/", "DELETE", None, {}, 405, "method"),
        ("studies/hearts/", "OPTIONS", None, {}, 405, "method"),
        ("studies/hearts/", "GET", None, {"Accept": "text/csv"}, 406, "not-acceptable"),
        ("studies/hearts/?format=csv", "GET", None, {}, 422, "invalid"),
        ("studies/hearts/latents/?sort=density", "GET", None, {}, 422, "invalid"),
        ("studies/hearts/latents/?ordering=secret", "GET", None, {}, 422, "invalid"),
        ("studies/hearts/latents/?limit=0", "GET", None, {}, 422, "invalid"),
        ("studies/hearts/latents/?limit=5&limit=6", "GET", None, {}, 422, "invalid"),
        ("studies/hearts/latents/?cursor=made-up", "GET", None, {}, 422, "invalid"),
        ("studies/hearts/latents/?density=%00", "GET", None, {}, 422, "invalid"),
        ("studies/hearts/latents/99999999999999999999/", "GET", None, {}, 404, "not-found"),
        ("studies/hearts/rounds/1/", "PATCH", {"state": "closed"}, {}, 428, "no-condition"),
        ("studies/hearts/rounds/1/", "PATCH", {"state": "closed"}, {"If_Match": '"0"'}, 412, "changed"),
        ("studies/hearts/rounds/1/", "PATCH", {"state": "open"}, {"If_Match": "*"}, 422, "invalid"),
        ("studies/hearts/run/", "PATCH", {"state": "queued"}, {"If_Match": "*"}, 409, "conflict"),
        ("studies/hearts/releases/", "POST", {}, {}, 409, "conflict"),
        ("studies/hearts/releases/", "POST", {}, {"Idempotency_Key": "with space"}, 422, "invalid"),
        ("studies/hearts/slots/", "POST", {}, {}, 403, "forbidden"),
    ],
)
def test_every_refusal_is_a_problem_with_its_name(
    world: World, path: str, method: str, sent: Any, headers: dict[str, str], status: int, name: str
) -> None:
    answer = script(world.rosa, world.study).ask(method, path, sent, **headers)
    told = problem(answer)
    assert (told["status"], told["type"]) == (status, f"/api/v1/reference/#problem-{name}")
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"state": NaN}', "application/json", 400),
        (b'{"state": "a", "state": "b"}', "application/json", 400),
        (b'{"state": "\\ud800"}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"state=closed", "application/x-www-form-urlencoded", 415),
        (b'"' + b"x" * 2_000_000 + b'"', "application/json", 413),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"7", "application/json", 422),
    ],
)
def test_what_is_no_request_is_told_so(world: World, content: bytes, kind: str, status: int) -> None:
    asking = script(world.rosa, world.study)
    headers = asking.headers | {"If-Match": "*"}
    answer = asking.client.generic(
        "PATCH", "/api/v1/studies/hearts/rounds/1/", content, content_type=kind, headers=headers
    )
    assert problem(answer)["status"] == status


def test_an_error_inside_tells_nothing_of_the_inside(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the patient in bed 4")

    monkeypatch.setattr("annotation.api.v1.studies.roles_by_study", broken)
    with caplog.at_level(logging.ERROR, "annotation.api"):
        answer = script(world.rosa, world.study).get("studies/")
    assert problem(answer)["type"].endswith("internal")
    assert b"bed 4" not in answer.content
    assert "The API failed: RuntimeError" in caplog.text


def test_a_host_that_is_not_ours_is_a_problem_too(world: World) -> None:
    answer = Script().client.get("/api/v1/studies/", headers={"Host": "elsewhere.example"})
    assert problem(answer)["status"] == 400


def test_a_session_changes_nothing_without_the_pages_token(world: World) -> None:
    asking = Script()
    asking.client.handler.enforce_csrf_checks = True
    asking.client.force_login(world.ada)
    assert asking.get("studies/hearts/slots/").status_code == 200
    assert "CSRF" in problem(asking.post("studies/hearts/slots/"))["detail"]


# Lists


def test_a_list_comes_in_pages_in_any_order_that_it_offers(world: World) -> None:
    asking = script(world.rosa, world.study)
    for ordering in ("density", "-density", "documents", "-documents", "index", "-activation"):
        whole = asking.get(f"studies/hearts/latents/?show=all&ordering={ordering}").json()
        assert whole["next"] is None
        walked, address = [], f"studies/hearts/latents/?show=all&ordering={ordering}&limit=5"
        while address:
            answer = asking.get(address)
            walked += answer.json()["items"]
            address = answer.json()["next"]
            assert (address is None) == ("Link" not in answer.headers)
        assert walked == whole["items"]
        assert len({latent["index"] for latent in walked}) == 12


def test_what_comes_in_meanwhile_moves_nothing_between_pages(world: World) -> None:
    for _ in range(3):
        rate_next(world.study, world.ada)
    asking = script(world.ada, world.study)
    first = asking.get("studies/hearts/ratings/?limit=2").json()
    rate_next(world.study, world.ada)
    second = asking.get(first["next"]).json()
    told = [one["id"] for one in first["items"] + second["items"]]
    assert told == list(Rating.objects.filter(rater=world.ada).order_by("pk").values_list("pk", flat=True))


def test_a_cursor_holds_for_its_list_alone(world: World) -> None:
    asking = script(world.rosa, world.study)
    address = asking.get("studies/hearts/latents/?limit=2").json()["next"]
    cursor = address.partition("cursor=")[2]
    for other in ("latents/?show=all&", "latents/?ordering=density&", "rubrics/?"):
        told = problem(asking.get(f"studies/hearts/{other}limit=2&cursor={cursor}"))
        assert told["errors"][0]["parameter"] == "cursor"


# Conditions


def test_who_has_it_already_is_told_so(world: World) -> None:
    asking = script(world.rosa, world.study)
    first = asking.get("studies/hearts/rounds/1/")
    again = asking.get("studies/hearts/rounds/1/", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_round_is_closed_by_who_has_read_it_as_it_is(world: World) -> None:
    asking = script(world.rosa, world.study)
    tag = asking.get("studies/hearts/rounds/1/").headers["ETag"]
    closed = asking.ask("PATCH", "studies/hearts/rounds/1/", {"state": "closed"}, If_Match=tag)
    assert closed.json()["state"] == "closed"
    again = asking.ask("PATCH", "studies/hearts/rounds/1/", {"state": "closed"}, If_Match=tag)
    assert problem(again)["status"] == 412
    now = asking.ask("PATCH", "studies/hearts/rounds/1/", {"state": "closed"}, If_Match=closed.headers["ETag"])
    assert problem(now)["status"] == 409


# Rating


def test_a_script_rates_a_latent_from_its_place_to_its_revision(world: World) -> None:
    asking = script(world.ada, world.study)
    slot = handed(asking)
    (held,) = asking.get("studies/hearts/slots/").json()["items"]
    assert held["name"] == slot["name"] == handed(asking)["name"]
    sheet = asking.get(f"studies/hearts/slots/{slot['name']}/").json()
    shown = sheet["groups"][0]["snippets"][0]
    assert shown["text"][shown["tokens"][0]["start"] : shown["tokens"][0]["end"]]
    word = {"snippet": shown["id"], "start": 0, "end": 4}
    sent = rating(world, slot["ticket"], evidence=[word], fits=[{"snippet": shown["id"], "fit": "fits"}])
    stored = asking.post("studies/hearts/ratings/", sent)
    assert stored.status_code == 201
    assert asking.post("studies/hearts/ratings/", sent).status_code == 200
    told = asking.get(stored.headers["Location"])
    assert told.json()["evidence"] == [word]
    assert told.json()["concept"] == "chest pain"
    changed = {key: sent[key] for key in sent if key != "ticket"} | {"rationale": "Pain.", "reason": "Shorter."}
    revised = asking.ask("PUT", stored.headers["Location"], changed, If_Match=told.headers["ETag"])
    assert revised.json()["revision"] == 2
    stale = asking.ask("PUT", stored.headers["Location"], changed | {"rationale": "No."}, If_Match=told.headers["ETag"])
    assert problem(stale)["status"] == 412
    assert Rating.objects.filter(rater=world.ada).count() == 2


def test_a_ticket_that_has_stored_something_else_stores_nothing_more(world: World) -> None:
    asking = script(world.ada, world.study)
    sent = rating(world, handed(asking)["ticket"])
    asking.post("studies/hearts/ratings/", sent)
    again = asking.post("studies/hearts/ratings/", sent | {"rationale": "Something else."})
    assert "other answers; those count" in problem(again)["detail"]


def test_what_a_rating_lacks_is_said_field_by_field(world: World) -> None:
    asking = script(world.ada, world.study)
    sent = rating(world, handed(asking)["ticket"], rationale="")
    del sent["answers"]["coherence"]
    told = problem(asking.post("studies/hearts/ratings/", sent))
    assert {one["pointer"] for one in told["errors"]} == {"#/rationale", "#/coherence"}
    assert not Rating.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"answers": {"concept": {"a": 1}}},
        {"answers": {"rationale": "past the field"}},
        {"answers": {"fit-1": "fits"}},
        {"evidence": [{"snippet": 1, "start": 5}]},
        {"evidence": [{"snippet": 2**70, "start": 0, "end": 1}]},
        {"fits": [{"snippet": 1, "fit": "fits"}, {"snippet": 1, "fit": "unsure"}]},
        {"active_seconds": 1e300},
        {"rationale": "x" * 4001},
        {"second_concpet": "misspelt"},
        {"evidence": [{"snippet": 1, "start": 0, "end": 1, "text": "more"}]},
    ],
)
def test_what_no_page_could_send_is_refused(world: World, changes: dict[str, Any]) -> None:
    asking = script(world.ada, world.study)
    answer = asking.post("studies/hearts/ratings/", rating(world, handed(asking)["ticket"], **changes))
    assert problem(answer)["status"] == 422
    assert not Rating.objects.exists()


def test_marks_in_snippets_of_another_latent_are_refused(world: World) -> None:
    asking = script(world.ada, world.study)
    sent = rating(world, handed(asking)["ticket"], evidence=[{"snippet": 10**9, "start": 0, "end": 1}])
    assert problem(asking.post("studies/hearts/ratings/", sent))["status"] == 409


def test_nothing_tells_a_rater_a_retest(world: World) -> None:
    """What is handed out and listed has neither the kind nor the id of a round or a slot, nor of a latent."""
    rate_next(world.study, world.ada)
    asking = script(world.ada, world.study)
    slot = handed(asking)
    assert slot.keys() == {"name", "round", "lease_expires_at", "ticket"}
    sheet = asking.get(f"studies/hearts/slots/{slot['name']}/").json()
    listed = asking.get("studies/hearts/ratings/").json()["items"][0]
    for told in (sheet, listed):
        assert not {"latent", "slot", "kind", "index", "position"} & told.keys()


# Keys


def test_a_request_under_a_key_is_done_once_and_answered_the_same(world: World) -> None:
    asking = script(world.ada, world.study)
    sent = rating(world, handed(asking)["ticket"])
    first = asking.post("studies/hearts/ratings/", sent, Idempotency_Key="one")
    again = asking.post("studies/hearts/ratings/", sent, Idempotency_Key="one")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    other = asking.post("studies/hearts/ratings/", sent | {"rationale": "Else."}, Idempotency_Key="one")
    assert problem(other)["type"].endswith("key-reused")
    elsewhere = asking.post("studies/hearts/slots/", Idempotency_Key="one")
    assert problem(elsewhere)["type"].endswith("key-reused")


def test_what_failed_can_be_sent_again_under_its_key(world: World) -> None:
    asking = script(world.rosa, world.study)
    assert asking.post("studies/hearts/releases/", Idempotency_Key="cut").status_code == 409
    rate_next(world.study, world.ada)
    assert asking.post("studies/hearts/releases/", Idempotency_Key="cut").status_code == 202
    assert asking.post("studies/hearts/releases/", Idempotency_Key="cut").json()["number"] == 1


def test_a_key_is_its_persons_own(world: World) -> None:
    for user in (world.ada, world.ben):
        answer = script(user, world.study).post("studies/hearts/slots/", Idempotency_Key="same")
        assert answer.status_code == 200
        assert "Idempotency-Replayed" not in answer.headers


def test_answers_are_stored_for_a_day_without_a_word_of_a_note_or_of_hers(world: World) -> None:
    asking = script(world.ada, world.study)
    slot = asking.post("studies/hearts/slots/", Idempotency_Key="slot").json()
    asking.post("studies/hearts/ratings/", rating(world, slot["ticket"]), Idempotency_Key="rating")
    kept = str(list(StoredAnswer.objects.values()))
    assert "chest pain" not in kept
    assert "recorded on day" not in kept
    now = timezone.now()
    assert forget_old_answers(now=now + timedelta(hours=23)) == 0
    sweep(now=now + timedelta(hours=25))
    assert not StoredAnswer.objects.exists()


# Limits


def test_who_asks_too_often_is_told_when_to_come_again(world: World) -> None:
    ada, ben = script(world.ada, world.study), script(world.ben, world.study)
    with override_settings(API_READS_PER_MINUTE=3, API_WRITES_PER_MINUTE=1):
        assert [ada.get("studies/").status_code for _ in range(3)] == [200, 200, 200]
        refused = ada.get("studies/")
        assert problem(refused)["status"] == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert ben.get("studies/").status_code == 200
        assert ada.post("studies/hearts/slots/").status_code == 200
        assert ada.post("studies/hearts/slots/").status_code == 429


def test_without_the_cache_nobody_is_held_up_and_nothing_breaks(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise CacheGone("Connection refused")

    asking = script(world.rosa, world.study)
    rater = script(world.ada, world.study)
    slot = handed(rater)["name"]
    browser = Script()
    browser.client.force_login(world.rosa)
    signed_in = browser.client.cookies
    for name in ("get", "set", "add", "incr"):
        monkeypatch.setattr(type(cache._connections["default"]), name, gone, raising=True)  # type: ignore[attr-defined]
    assert asking.get("studies/hearts/").status_code == 200
    assert "Requests are not counted" in caplog.text
    session = Script()
    session.client.cookies = signed_in
    assert session.get("studies/hearts/").status_code == 200
    # How far she is in the round is remembered in the cache alone.
    answer = rater.get(f"studies/hearts/slots/{slot}/")
    assert problem(answer)["status"] == 503
    assert int(answer.headers["Retry-After"]) > 0


# Sight


def test_a_researcher_who_rates_herself_sees_neither_results_nor_releases(world: World) -> None:
    from annotation.actions.people import add_member
    from annotation.enums import Role
    from tests.world import NOW

    add_member(study=world.study, user=world.rosa, role=Role.ANNOTATOR, institution=world.north, by=None, now=NOW)
    asking = script(world.rosa, world.study)
    for path in ("results/", "agreement/", "consensus/", "releases/", "latents/?state=accepted", "latents/?flag=dense"):
        assert problem(asking.get(f"studies/hearts/{path}"))["status"] == 403, path
    assert asking.get("studies/hearts/").json()["states"] is None
    assert all(latent["state"] is None for latent in asking.get("studies/hearts/latents/").json()["items"])


def test_text_of_notes_needs_a_scope_of_its_own(world: World) -> None:
    index = world.study.sample.order_by("position")[0].latent.index
    path = f"studies/hearts/latents/{index}/snippets/"
    with_text = script(world.rosa, world.study).get(path).json()
    assert "recorded on day" in with_text["snippets"][0]["text"]
    without = Script(token(world.rosa, world.study, [TokenScope.READ]))
    assert problem(without.get(path))["status"] == 403
    for other in (f"studies/hearts/latents/{index}/", "studies/hearts/latents/", "studies/hearts/run/"):
        assert b"recorded on day" not in without.get(other).content


def test_rounds_of_retests_are_not_listed(world: World) -> None:
    first = world.study.rounds.get()
    Round.objects.create(
        study=world.study,
        number=1,
        kind=RoundKind.RETEST,
        repeats=first,
        rubric=first.rubric,
        state=RoundState.OPEN,
        opened_at=first.opened_at,
    )
    listed = script(world.nora, world.study).get("studies/hearts/rounds/").json()["items"]
    assert [round_["kind"] for round_ in listed] == ["independent"]
