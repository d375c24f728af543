"""Everything that happens without a person waiting, on queue `web`."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from annotation.actions import (
    asking_scores,
    case_digests,
    case_repeats,
    delivering,
    demo,
    follow_up,
    importing_text,
    matching,
    planning,
    recomputing,
    releasing,
    results,
    sweeping,
    taking_in,
    taking_in_scores,
)
from annotation.queue import taken_up


@shared_task(name="annotation.note_run_ended", queue="web")
def note_run_ended(*, digest: str, **_: Any) -> None:
    taking_in.note_run_ended(digest=digest, now=timezone.now())
    demo.continue_demo(now=timezone.now())


@shared_task(name="annotation.note_match_ended", queue="web")
def note_match_ended(*, run: str, other: str, **_: Any) -> None:
    matching.note_match_ended(run=run, other=other, now=timezone.now())


@shared_task(name="annotation.ask_for_scores", queue="web")
def ask_for_scores(*, study_id: int, **_: Any) -> None:
    taken_up(asking_scores.TASK, study_id=study_id)
    asking_scores.ask_for_scores(study_id=study_id, now=timezone.now())


@shared_task(name="annotation.note_scores_ended", queue="web")
def note_scores_ended(*, digest: str, **_: Any) -> None:
    taking_in_scores.note_scores_ended(digest=digest, now=timezone.now())


@shared_task(name="annotation.compute_results", queue="web")
def compute_results(*, study_id: int, **_: Any) -> None:
    """One slice: a long computation for one study lets others in between."""
    taken_up(recomputing.COMPUTE, study_id=study_id)
    results.compute_a_slice(study_id=study_id, now=timezone.now())
    asking_scores.score_soon(study_id=study_id)


@shared_task(name="annotation.follow_up", queue="web")
def follow_up_results(*, study_id: int, **_: Any) -> None:
    taken_up(recomputing.FOLLOW_UP, study_id=study_id)
    follow_up.follow_up_a_slice(study_id=study_id, now=timezone.now())


@shared_task(name="annotation.compute_sensitivity", queue="web")
def compute_sensitivity(*, study_id: int, **_: Any) -> None:
    taken_up(recomputing.SENSITIVITY, study_id=study_id)
    results.compute_sensitivity(study_id=study_id, now=timezone.now(), seconds=results.SLICE_SECONDS)


@shared_task(name="annotation.make_plan", queue="web", expires=3600)
def make_plan(*, study_id: int, item: str, pool: int, **_: Any) -> None:
    taken_up(planning.TASK, study_id=study_id, item=item, pool=pool)
    planning.make_plan(study_id=study_id, item=item, pool=pool)


@shared_task(name="annotation.write_release", queue="web")
def write_release(*, release_id: int, **_: Any) -> None:
    releasing.write_release(release_id=release_id, now=timezone.now())


@shared_task(name="annotation.deliver_webhook", queue="web")
def deliver_webhook(*, delivery_id: int, **_: Any) -> None:
    delivering.deliver(delivery_id=delivery_id, now=timezone.now())


@shared_task(name="annotation.work_on_corpus_import", queue="web")
def work_on_corpus_import(*, import_id: int, **_: Any) -> None:
    """One slice of reading: a large corpus lets others in between."""
    importing_text.work_on(import_id=import_id, clock=timezone.now, seconds=importing_text.SLICE_SECONDS)


@shared_task(name="annotation.prepare_demo", queue="web")
def prepare_demo(**_: Any) -> None:
    demo.continue_demo(now=timezone.now())


@shared_task(name="annotation.look_after_cases", queue="web", expires=3600)
def look_after_cases(**_: Any) -> None:
    case_repeats.bring_back_cases(now=timezone.now())
    case_digests.send_case_digests(now=timezone.now())


@shared_task(name="annotation.sweep", queue="web", expires=15)
def sweep(**_: Any) -> None:
    sweeping.sweep(now=timezone.now())
