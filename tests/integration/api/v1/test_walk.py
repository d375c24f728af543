"""Every address of the API by every verb for everybody. An address without a line here fails."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from django.urls import reverse

from annotation.api.v1.urls import urlpatterns
from annotation.enums import TokenScope
from tests import world as worlds
from tests.api_world import ApiWorld, Script, at_work, problem, token

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OPEN = {"api_description", "api_reference"}
"""Told to everybody."""
EVERYBODY = ("annotator", "annotator elsewhere", "adjudicator", "researcher", "coordinator", "coordinator elsewhere")

Line = Mapping[str, int]
"""By what a person is to the study. Who is not named is answered 403."""


def only(status: int, *who: str) -> Line:
    return dict.fromkeys(who, status)


RUNNING = only(200, "researcher", "coordinator", "coordinator elsewhere")
RESEARCHER = only(200, "researcher")
ALL = only(200, *EVERYBODY)
HERS = {"annotator": 200, "annotator elsewhere": 404}
"""Of a rater's own: to her colleague there is no such thing."""

EXPECTED: dict[str, dict[str, Line]] = {
    "api_study": {"GET": ALL},
    "api_run": {"GET": RUNNING, "PATCH": only(409, "researcher")},
    "api_run_progress": {"GET": RUNNING},
    "api_latents": {"GET": RESEARCHER},
    "api_latent": {"GET": RESEARCHER},
    "api_latent_snippets": {"GET": RESEARCHER},
    "api_rubrics": {"GET": RESEARCHER},
    "api_rubric": {"GET": RESEARCHER},
    "api_rounds": {"GET": RUNNING, "POST": only(409, "researcher")},
    "api_round_standings": {"GET": RUNNING},
    "api_round": {"GET": RUNNING, "PATCH": only(200, "researcher")},
    "api_slots": {
        "GET": only(200, "annotator", "annotator elsewhere"),
        "POST": {"annotator": 200, "annotator elsewhere": 204},
    },
    "api_slot": {"GET": HERS},
    "api_decline": {"POST": HERS},
    "api_ratings": {
        "GET": only(200, "annotator", "annotator elsewhere"),
        "POST": {"annotator": 201, "annotator elsewhere": 409},
    },
    "api_rating": {"GET": HERS, "PUT": HERS},
    "api_results": {"GET": RESEARCHER},
    "api_agreement": {"GET": RESEARCHER},
    "api_pair_agreement": {"GET": RESEARCHER},
    "api_consensus": {"GET": RESEARCHER},
    "api_cases": {"GET": only(200, "adjudicator", "researcher")},
    "api_case": {"GET": only(200, "adjudicator", "researcher")},
    "api_releases": {"GET": RESEARCHER, "POST": only(202, "researcher")},
    "api_release": {"GET": RESEARCHER},
    "api_release_file": {"GET": RESEARCHER},
}
PARTS = {
    "api_latent": ("index",),
    "api_latent_snippets": ("index",),
    "api_rubric": ("version",),
    "api_round": ("round",),
    "api_slot": ("slot",),
    "api_decline": ("slot",),
    "api_rating": ("rating",),
    "api_case": ("case",),
    "api_release": ("release",),
    "api_release_file": ("release", "file"),
}


def body(name: str, verb: str, api: ApiWorld) -> Any:
    """A request that is right as far as its content goes."""
    answers = worlds.complete_form(api.world.study)
    said = {key: answers[key] for key in answers if key not in ("outcome", "rationale")}
    content = {"outcome": "answered", "answers": said, "rationale": "All of them name troponin."}
    return {
        ("api_run", "PATCH"): {"state": "queued"},
        ("api_round", "PATCH"): {"state": "closed"},
        ("api_ratings", "POST"): {**content, "ticket": api.facts["ticket"]},
        ("api_rating", "PUT"): {**content, "reason": "I misread it."},
    }.get((name, verb), {})


def address(name: str, study: str, api: ApiWorld) -> str:
    return reverse(name, args=[study, *(api.facts[part] for part in PARTS.get(name, ()))])


@contextmanager
def undone() -> Iterator[None]:
    """What a request did is taken back, so that the next one meets the same world."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def told_by(answer: Any) -> bytes:
    """All of the body; a file is closed with its last piece."""
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def status(asking: Script, verb: str, name: str, api: ApiWorld, *, study: str = "hearts") -> int:
    with undone():
        sent = None if verb in ("GET", "HEAD", "OPTIONS") else body(name, verb, api)
        answer = asking.ask(verb, address(name, study, api), sent, If_Match="*")
        if answer.status_code >= 400 and verb != "HEAD":
            problem(answer)
        told_by(answer)
        return int(answer.status_code)


@pytest.fixture
def api(world: worlds.World) -> Iterator[ApiWorld]:
    with override_settings(API_READS_PER_MINUTE=10**6, API_WRITES_PER_MINUTE=10**6):
        yield at_work(world)


def expected(name: str, verb: str, who: str) -> int:
    asked = "GET" if verb == "HEAD" else verb
    lines = EXPECTED[name]
    return lines[asked].get(who, 403) if asked in lines else 405


def test_every_address_has_its_line() -> None:
    beyond_studies = {"api_studies", "api_nowhere"} | OPEN
    assert {pattern.name for pattern in urlpatterns} == EXPECTED.keys() | beyond_studies


def test_everybody_is_answered_what_she_may_be(api: ApiWorld) -> None:
    wrong = []
    for who, user in api.people().items():
        asking = Script(token(user, api.world.study))
        for name in EXPECTED:
            for verb in VERBS:
                found = status(asking, verb, name, api)
                if found != expected(name, verb, who):
                    wrong.append(f"{who} {verb} {name}: {found}, not {expected(name, verb, who)}")
    assert wrong == []


def test_a_session_opens_what_a_token_with_all_scopes_does(api: ApiWorld) -> None:
    wrong = []
    for who, user in api.people().items():
        asking = Script()
        asking.client.force_login(user)
        for name in EXPECTED:
            found = status(asking, "GET", name, api)
            if found != expected(name, "GET", who):
                wrong.append(f"{who} {name}: {found}")
    assert wrong == []


def test_without_its_scope_a_token_opens_nothing(api: ApiWorld) -> None:
    """Each operation with a token that has every scope but the one that it asks for."""
    wrong = []
    views = {one.name: one.callback.view_class for one in urlpatterns if one.name in EXPECTED}
    people = {"researcher": api.world.rosa, "annotator": api.world.ada}
    for name, lines in EXPECTED.items():
        for verb in lines:
            scope = views[name].operations[verb].scope
            assert scope is not None, name
            who = next(who for who in people if who in lines[verb])
            others = [other for other in _scopes(who) if other != scope]
            with undone():
                found = status(Script(token(people[who], api.world.study, others)), verb, name, api)
            if found != 403:
                wrong.append(f"{who} {verb} {name} without {scope}: {found}")
    assert wrong == []


def _scopes(who: str) -> list[TokenScope]:
    if who == "annotator":
        return [TokenScope.READ, TokenScope.RATE]
    return [TokenScope.READ, TokenScope.TEXT, TokenScope.DIRECT, TokenScope.RELEASE]


def test_to_strangers_and_to_tokens_of_other_studies_there_is_no_study(api: ApiWorld) -> None:
    sven = Script()
    sven.client.force_login(api.world.sven)
    mona, zebra = Script(token(api.mona, api.other)), Script()
    zebra.client.force_login(api.mona)
    rosa = Script(token(api.world.rosa, api.world.study))
    for name in EXPECTED:
        for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            found = {status(asking, verb, name, api) for asking in (mona, sven, zebra)}
            # A session's POST needs the page's CSRF token first; Django's test client is let off.
            assert found == {404}, (name, verb, found)
            assert status(rosa, verb, name, api, study="zebras") == 404, (name, verb)
            assert status(rosa, verb, name, api, study="nothing") == 404, (name, verb)


def test_nobody_without_token_or_session_is_told_anything(api: ApiWorld) -> None:
    for name in EXPECTED:
        for verb in VERBS:
            assert status(Script(), verb, name, api) == 401, (name, verb)


def test_no_answer_has_a_row_of_another_study(api: ApiWorld) -> None:
    for user in (*api.people().values(), api.world.sven):
        asking = Script()
        asking.client.force_login(user)
        for name in EXPECTED:
            answer = asking.get(address(name, "hearts", api))
            assert b"zebra" not in told_by(answer).lower(), (user.name, name)
        assert b"zebra" not in asking.get("studies/").content.lower()


def test_a_coordinator_reads_of_her_own_institution_alone(api: ApiWorld) -> None:
    rows = {}
    for who in ("researcher", "coordinator", "coordinator elsewhere"):
        user = api.people()[who]
        rows[who] = Script(token(user, api.world.study)).get("studies/hearts/rounds/progress/").json()["items"][0]
    assert rows["researcher"]["rated"] == 8
    assert rows["coordinator"]["rated"] == 2
    assert rows["coordinator elsewhere"]["rated"] == 6
