"""One worker process, two studies: a long computation for one lets the other in between, and outlives a lost worker."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from annotation.actions.people import add_member
from annotation.actions.recomputing import recompute_soon
from annotation.actions.rounds import open_round
from annotation.actions.sampling import draw_sample
from annotation.actions.studies import create_study
from annotation.actions.sweeping import sweep
from annotation.enums import Role
from annotation.models import ResultRun, ResultStep, Study
from bench.made_up_study import made_up_study
from tests.browser.workers import WEB, kill, worker
from tests.world import NOW, World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)
LATENTS = 1500
"""Of the large study: several slices of work."""
LONGEST = 240


@pytest.fixture(autouse=True)
def own_queues() -> Iterator[None]:
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.flushdb()
    yield
    broker.flushdb()


def wait_until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {LONGEST} s."
        time.sleep(0.1)


def small_study(world: World) -> Study:
    """On the same run, rated by Ada and Ben."""
    study = create_study(
        slug="lungs", name="Lungs", purpose="A small study.", rubric=world.study.rubric, run=world.study.run,
        concepts=["wheeze"], by=world.rosa, now=NOW, sample_size=6, raters_per_latent=2, retest_share=0.0,
    )  # fmt: skip
    for user, role, home in (
        (world.rosa, Role.RESEARCHER, None),
        (world.ada, Role.ANNOTATOR, world.north),
        (world.ben, Role.ANNOTATOR, world.south),
    ):
        add_member(study=study, user=user, role=role, institution=home, by=None, now=NOW)
    draw_sample(study=study, by=world.rosa, now=NOW)
    open_round(study=study, by=world.rosa, now=NOW)
    return study


def under_way(study: Study) -> bool:
    return ResultRun.everything.filter(study=study, complete=False).exists()


def steps_done(study: Study) -> int:
    return ResultStep.objects.filter(run__study=study, done_at__isnull=False).count()


def swept_until(condition: Callable[[], bool]) -> bool:
    """As the beat has it, every few seconds: a task that its worker took away is sent again once it counts as lost."""
    sweep(now=timezone.now())
    time.sleep(3)
    return condition()


def complete(study: Study) -> bool:
    return ResultRun.objects.filter(study=study).exists()


def test_a_small_study_has_its_results_while_a_large_one_is_computed(tmp_path: Path) -> None:
    world = made_up_study(latents=LATENTS)
    small = small_study(world)
    recompute_soon(study_id=world.study.pk)
    with worker(WEB, settings.ARTIFACT_ROOT, tmp_path / "web.log"):
        wait_until(lambda: steps_done(world.study), "the first step of the large study")
        for user in (world.ada, world.ben):
            while rate_next(small, user):
                pass
        wait_until(lambda: ResultRun.objects.filter(study=small, ratings=12).exists(), "the small study's results")
        assert under_way(world.study), "the large study was still being computed"
        wait_until(lambda: complete(world.study), "the large study's results")
        wait_until(
            lambda: ResultRun.objects.filter(study=small, judged_with__isnull=False).exists(), "verdicts on the small"
        )


@pytest.mark.walks
def test_what_a_killed_worker_leaves_is_gone_on_with(tmp_path: Path) -> None:
    world = made_up_study(latents=LATENTS)
    recompute_soon(study_id=world.study.pk)
    with worker(WEB, settings.ARTIFACT_ROOT, tmp_path / "lost.log") as lost:
        wait_until(lambda: steps_done(world.study) >= 3, "the first steps")
        kill(lost)
    done = steps_done(world.study)
    assert under_way(world.study)
    with worker(WEB, settings.ARTIFACT_ROOT, tmp_path / "web.log"):
        wait_until(lambda: swept_until(lambda: complete(world.study)), "the results")
    run = ResultRun.objects.get(study=world.study)
    assert run.steps.count() > done
    assert run.latents == LATENTS
