"""The demo: people of three institutions, one study for them to rate, and one that simulated raters have rated.

Exists only with embedded servers on loopback. Every step can be repeated and changes nothing the second time.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from annotation.actions.corpora import import_corpus
from annotation.actions.demo_imports import lay_out_imports
from annotation.actions.demo_people import PEOPLE, administrator, institutions, user
from annotation.actions.demo_studies import (
    SIMULATED,
    STUDY,
    create_demo_study,
    fill_simulated_study,
    open_demo_study,
)
from annotation.actions.links import issue_link
from annotation.actions.mining import request_runs
from annotation.actions.shipped_rubric import publish_from_file
from annotation.actions.subjects import register_sae
from annotation.enums import RunState
from annotation.models import MiningRun, Study, User
from annotation.rules.refusal import Refused

CORPUS_SOURCE = (
    "Short clinical notes written for this project by its authors. No real person. See demo/notes/README.md."
)
LAYERS = (9, 18)
"""Blocks of the reference model's 30 that the shipped SAEs read; people rate the later one's latents."""


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
    institutions(now=now)
    return create_demo_study(rubric=publish_from_file(by=None, now=now), now=now)


def links(*, now: datetime) -> Iterator[tuple[str, str]]:
    """Who, and a one-time address for her to enter by: fresh ones at every call."""
    set_up_people(now=now)
    yield "administrator", _address(administrator(), now)
    for person in PEOPLE:
        yield f"{person.part}, {person.name}", _address(user(person), now)


@transaction.atomic
def start(*, model_folder: Path, now: datetime) -> MiningRun:
    """Import the notes, register the reference model and its SAEs, and ask the gpu queue to mine both in one pass.

    Returns the run that the demo's studies rest on.
    """
    study = set_up_people(now=now)
    lay_out_imports()
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
    """Once the run has finished: draw the sample, open the rounds, and let the simulated raters rate."""
    if unfinished():
        with transaction.atomic():
            _one_at_a_time()
            open_demo_study(Study.objects.select_related("run").get(slug=STUDY), now)
        with transaction.atomic():
            _one_at_a_time()
            fill_simulated_study(Study.objects.select_related("run", "rubric").get(slug=STUDY), now)


def unfinished() -> bool:
    """Whether the demo's run has finished and its studies are not ready yet."""
    if not settings.EMBEDDED:
        return False
    study = Study.objects.filter(slug=STUDY, run__state=RunState.FINISHED).first()
    return study is not None and not (study.rounds.exists() and Study.objects.filter(slug=SIMULATED).exists())


def _address(user: User, now: datetime) -> str:
    return f"{settings.SITE_URL.rstrip('/')}/enter/{issue_link(user=user, by=None, now=now)}/"


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('consilium demo', 0))")
