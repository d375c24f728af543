"""Scripts that ask the API, in the small world of the tests: by a person's token, or by her session."""

import json
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test import Client
from django.utils import timezone

from annotation.actions.api_tokens import issue_token
from annotation.actions.claiming import claim
from annotation.actions.people import add_member
from annotation.actions.releasing import request_release, write_release
from annotation.actions.results import compute_results
from annotation.actions.rounds import open_round
from annotation.actions.sampling import draw_sample
from annotation.actions.studies import create_study
from annotation.actions.tickets import write_ticket
from annotation.enums import ReleaseState, Role, TokenScope
from annotation.models import Rating, Study, User
from annotation.queries.held_slots import name_of
from annotation.queries.my_roles import roles_by_study
from annotation.rules.api_tokens import scopes_of
from tests.case_world import persistent
from tests.world import NOW, World, person, rate_next, second_run

ROOT = "/api/v1/"


class Script:
    """Sends JSON and reads JSON; keeps no cookies."""

    def __init__(self, token: str = "", **headers: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = ({"Authorization": f"Bearer {token}"} if token else {}) | headers

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """path: below the API's root, or a whole one. headers: with underscores for their hyphens."""
        address = path if path.startswith(("/", "http")) else ROOT + path
        sent: dict[str, Any] = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        told = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, address, **sent, headers=told)

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask("POST", path, {} if body is None else body, **headers)


def token(user: User, study: Study, scopes: Collection[TokenScope] | None = None, *, days: int = 30) -> str:
    """A working token of the person's for the study; by default with all scopes that her roles can use."""
    allowed = scopes_of(roles_by_study(user).get(study.pk, frozenset()))
    chosen = allowed if scopes is None else scopes
    return issue_token(study=study, name="A script", scopes=chosen, days=days, by=user, now=timezone.now()).text


def script(user: User, study: Study, scopes: Collection[TokenScope] | None = None) -> Script:
    return Script(token(user, study, scopes))


def problem(response: Any) -> dict[str, Any]:
    """The problem that a response tells, checked for what RFC 9457 asks."""
    assert response.headers["Content-Type"] == "application/problem+json", response.headers
    told: dict[str, Any] = response.json()
    assert told["status"] == response.status_code
    assert {"type", "title", "detail"} <= told.keys()
    assert told["type"].startswith("/api/v1/reference/#problem-")
    return told


@dataclass(frozen=True, kw_only=True)
class ApiWorld:
    """A study at work, and another one beside it whose every word begins with Zebra."""

    world: World
    other: Study
    sena: User
    """Coordinates South."""
    mona: User
    """Researches the other study, and has no part in this one."""
    facts: Mapping[str, Any]
    """Parts of addresses: `index`, `version`, `round`, `slot`, `rating`, `case`, `release`, `file`; and a `ticket`."""

    def people(self) -> dict[str, User]:
        """By what they are to the study."""
        w = self.world
        return {
            "annotator": w.ada,
            "annotator elsewhere": w.ben,
            "adjudicator": w.cora,
            "researcher": w.rosa,
            "coordinator": w.nora,
            "coordinator elsewhere": self.sena,
        }


def at_work(world: World) -> ApiWorld:
    """Ada has rated two latents and holds a third; Ben has rated all; a case waits; a release is ready."""
    for _ in range(2):
        rate_next(world.study, world.ada, concept="chest pain")
    while rate_next(world.study, world.ben, concept="unstable angina", rationale="Rest pain in most of them."):
        pass
    compute_results(study_id=world.study.pk, now=NOW)
    rated = Rating.objects.filter(rater=world.ada).order_by("pk")[0]
    case = persistent(rated.latent)
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    # Within a test's transaction there is no other one to take a snapshot in, and nobody else writes.
    within = (
        patch("annotation.actions.releasing.snapshot", nullcontext) if connection.in_atomic_block else nullcontext()
    )
    with within:
        write_release(release_id=release.pk, now=NOW)
    release.refresh_from_db()
    assert release.state == ReleaseState.READY, release.failure
    slot = claim(study=world.study, by=world.ada, now=timezone.now())
    assert slot is not None
    sena = person("sena")
    add_member(study=world.study, user=sena, role=Role.COORDINATOR, institution=world.south, by=None, now=NOW)
    other, mona = zebras(world)
    return ApiWorld(
        world=world,
        other=other,
        sena=sena,
        mona=mona,
        facts={
            "index": rated.latent.latent.index,
            "version": world.study.rubric_id,
            "round": 1,
            "slot": name_of(slot, world.ada),
            "ticket": write_ticket(slot),
            "rating": rated.pk,
            "case": case.pk,
            "release": 1,
            "file": "manifest.json",
        },
    )


def zebras(world: World) -> tuple[Study, User]:
    """Another study on a run of its own, rated and with a case, and its researcher."""
    mona = person("mona")
    run = second_run(world.study.run, name="Zebra SAE") if world.study.run else None
    study = create_study(
        slug="zebras",
        name="Zebra study",
        purpose="Zebra purpose.",
        rubric=world.study.rubric,
        run=run,
        concepts=["Zebra pain"],
        by=mona,
        now=NOW,
        sample_size=3,
        raters_per_latent=1,
        retest_share=0.0,
    )
    add_member(study=study, user=mona, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    zoe = person("zoe")
    add_member(study=study, user=zoe, role=Role.ANNOTATOR, institution=world.north, by=None, now=NOW)
    draw_sample(study=study, by=mona, now=NOW)
    open_round(study=study, by=mona, now=NOW)
    while rate_next(study, zoe, concept="Zebra pain", rationale="Zebra words in all of them."):
        pass
    compute_results(study_id=study.pk, now=NOW)
    persistent(study.sample.order_by("position")[0])
    study.refresh_from_db()
    return study, mona
