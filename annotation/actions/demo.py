"""The demo: people of three institutions, one study for them to rate, and one that simulated raters have rated.

Exists only with embedded servers on loopback. Every step can be repeated and changes nothing the second time.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from annotation.actions.corpora import import_corpus
from annotation.actions.institutions import add_institution
from annotation.actions.links import issue_link
from annotation.actions.mining import request_runs
from annotation.actions.people import add_member
from annotation.actions.releasing import request_release
from annotation.actions.rounds import open_round
from annotation.actions.sampling import draw_sample
from annotation.actions.shipped_rubric import publish_from_file
from annotation.actions.simulating import decide_some_cases, simulate_ratings
from annotation.actions.studies import create_study
from annotation.actions.subjects import register_sae
from annotation.enums import Role, RunState
from annotation.models import Institution, MiningRun, Study, User
from annotation.rules.refusal import Refused

STUDY, SIMULATED = "demo", "simulated"
CORPUS_SOURCE = (
    "Short clinical notes written for this project by its authors. No real person. See demo/notes/README.md."
)
LAYERS = (9, 18)
"""Blocks of the reference model's 30 that the shipped SAEs read; people rate the later one's latents."""
INSTITUTIONS = (
    ("Northgate University Hospital", "north"),
    ("St Brigid Infirmary", "brigid"),
    ("Harbour Clinic", "harbour"),
)


class Person(NamedTuple):
    email: str
    name: str
    role: Role
    institution: str | None


PEOPLE = (
    Person("rater.north@demo.example", "Dr Ade (Northgate)", Role.ANNOTATOR, "north"),
    Person("rater.brigid@demo.example", "Dr Brandt (St Brigid)", Role.ANNOTATOR, "brigid"),
    Person("rater.harbour@demo.example", "Dr Chen (Harbour)", Role.ANNOTATOR, "harbour"),
    Person("adjudicator@demo.example", "Prof Duarte", Role.ADJUDICATOR, None),
    Person("researcher@demo.example", "Dr Eriksen", Role.RESEARCHER, None),
    Person("coordinator@demo.example", "Ms Farah (Northgate)", Role.COORDINATOR, "north"),
)
ADMINISTRATOR = ("administrator@demo.example", "Administrator")
SIMULATED_RATERS = {"north": 3, "brigid": 3, "harbour": 3}


def check_demo_allowed() -> None:
    """Raises Refused anywhere but beside embedded servers on loopback."""
    hosts = {str(settings.DATABASES["default"].get("HOST")), urlsplit(settings.REDIS_URL).hostname}
    if not settings.EMBEDDED or not hosts <= {"127.0.0.1", "localhost", "::1"}:
        raise Refused("The demo exists only with the embedded servers of `make run`, on this machine's loopback.")


@transaction.atomic
def set_up_people(*, now: datetime) -> Study:
    """Institutions, people, the rubric and the empty demo study."""
    check_demo_allowed()
    _one_at_a_time()
    institutions = _institutions(now)
    researcher = _user(_person(Role.RESEARCHER))
    rubric = publish_from_file(by=None, now=now)
    study = create_study(
        slug=STUDY,
        name="What fires on clinical notes",
        by=researcher,
        now=now,
        rubric=rubric,
        purpose="Latents of a sparse autoencoder on SmolLM2-135M, layer 18, read on short clinical notes.",
        concepts=_read("concepts.json"),
        sample_size=24,
        raters_per_latent=3,
    )
    for person in PEOPLE:
        institution = institutions[person.institution] if person.institution else None
        add_member(study=study, user=_user(person), role=person.role, institution=institution, by=None, now=now)
    add_member(study=study, user=_administrator(), role=Role.RESEARCHER, institution=None, by=None, now=now)
    return study


def links(*, now: datetime) -> Iterator[tuple[str, str]]:
    """Who, and a one-time address for her to enter by: fresh ones at every call."""
    set_up_people(now=now)
    yield "administrator", _address(_administrator(), now)
    for person in PEOPLE:
        yield f"{person.role.label.lower()}, {person.name}", _address(_user(person), now)


@transaction.atomic
def start(*, model_folder: Path, now: datetime) -> MiningRun:
    """Import the notes, register the reference model and its SAEs, and ask the gpu queue to mine both in one pass.

    Returns the run that the demo's studies rest on.
    """
    study = set_up_people(now=now)
    corpus = import_corpus(
        name="Demo notes",
        source=CORPUS_SOURCE,
        paths=sorted((settings.DEMO_ROOT / "notes").glob("*.jsonl")),
        by=None,
        now=now,
    )
    saes = [
        register_sae(
            name=f"Reference SAE, layer {layer}",
            folder=settings.DEMO_ROOT / "saes" / f"layer-{layer:02d}",
            model_name="SmolLM2-135M-Instruct",
            model_folder=model_folder,
            by=None,
            now=now,
        )
        for layer in LAYERS
    ]
    run = request_runs(saes=saes, corpus=corpus, by=None, now=now)[-1]
    if study.run_id is None:
        Study.objects.filter(pk=study.pk).update(run=run)
    return run


def continue_demo(*, now: datetime) -> None:
    """Once the run has finished: draw the sample, open the round, and let the simulated raters rate."""
    if unfinished():
        with transaction.atomic():
            _one_at_a_time()
            _open_demo_round(Study.objects.select_related("run").get(slug=STUDY), now)
        with transaction.atomic():
            _one_at_a_time()
            _fill_simulated_study(Study.objects.select_related("run", "rubric").get(slug=STUDY), now)


def unfinished() -> bool:
    """Whether the demo's run has finished and its studies are not ready yet."""
    if not settings.EMBEDDED:
        return False
    study = Study.objects.filter(slug=STUDY, run__state=RunState.FINISHED).first()
    return study is not None and not (study.rounds.exists() and Study.objects.filter(slug=SIMULATED).exists())


def _open_demo_round(study: Study, now: datetime) -> None:
    researcher = User.objects.get(email=_person(Role.RESEARCHER).email)
    if not study.sample.exists():
        draw_sample(study=study, by=researcher, now=now)
    if not study.rounds.exists():
        open_round(study=study, by=researcher, now=now)


def _fill_simulated_study(demo: Study, now: datetime) -> None:
    if Study.objects.filter(slug=SIMULATED).exists():
        return
    researcher = User.objects.get(email=_person(Role.RESEARCHER).email)
    study = create_study(
        slug=SIMULATED,
        name="Simulated raters (for a look around)",
        by=researcher,
        now=now,
        rubric=demo.rubric,
        run=demo.run,
        simulated=True,
        concepts=_read("concepts.json"),
        sample_size=40,
        raters_per_latent=4,
        seed=demo.seed + 1,
        purpose="No person gave these ratings: a labelled simulator did, from the same latents, so that every page has "
        "something to show.",
    )
    institutions = _institutions(now)
    for code, count in SIMULATED_RATERS.items():
        for number in range(1, count + 1):
            person = Person(
                f"{code}.{number}@simulated.invalid", f"Simulated rater {code} {number}", Role.ANNOTATOR, code
            )
            add_member(
                study=study, user=_user(person), role=person.role, institution=institutions[code], by=None, now=now
            )
    chief = _user(Person("adjudicator@simulated.invalid", "Simulated adjudicator", Role.ADJUDICATOR, None))
    add_member(study=study, user=chief, role=Role.ADJUDICATOR, institution=None, by=None, now=now)
    for person in PEOPLE:
        if person.role != Role.ANNOTATOR:
            institution = institutions[person.institution] if person.institution else None
            add_member(study=study, user=_user(person), role=person.role, institution=institution, by=None, now=now)
    add_member(study=study, user=_administrator(), role=Role.RESEARCHER, institution=None, by=None, now=now)
    draw_sample(study=study, by=researcher, now=now)
    open_round(study=study, by=researcher, now=now)
    simulate_ratings(study=study, now=now)
    decide_some_cases(study=study, by=chief, share=0.5, now=now)
    request_release(study=study, by=researcher, now=now)


def _institutions(now: datetime) -> dict[str, Institution]:
    return {code: add_institution(code=code, name=name, by=None, now=now) for name, code in INSTITUTIONS}


def _person(role: Role) -> Person:
    return next(person for person in PEOPLE if person.role == role)


def _user(person: Person) -> User:
    existing = User.objects.filter(email=person.email).first()
    return existing or User.objects.create_user(person.email, name=person.name)


def _administrator() -> User:
    email, name = ADMINISTRATOR
    return User.objects.filter(email=email).first() or User.objects.create_superuser(email, name=name)


def _address(user: User, now: datetime) -> str:
    return f"{settings.SITE_URL.rstrip('/')}/enter/{issue_link(user=user, by=None, now=now)}/"


def _read(name: str) -> Any:
    return json.loads((settings.DEMO_ROOT / name).read_text(encoding="utf-8"))


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('consilium demo', 0))")
