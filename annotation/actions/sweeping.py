"""Catches what an outage missed: runs that ended unheard or lost their worker, stale results and verdicts, leases and
trials that ran out.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Exists, F, OuterRef, Q

from annotation import gateway
from annotation.actions import demo
from annotation.actions.answering_once import forget_old_answers
from annotation.actions.asking_scores import sweep_scores
from annotation.actions.claiming import release_expired
from annotation.actions.delivering import sweep_deliveries
from annotation.actions.importing_text import TASK as WORK_ON_IMPORT
from annotation.actions.matching import ask_again
from annotation.actions.mining import UNDER_WAY, resend_runs, run_progress
from annotation.actions.recomputing import follow_up_soon, recompute_soon, sensitivity_soon
from annotation.enums import LatentState, ReleaseState, RoundState, RunState
from annotation.models import CorpusImport, MiningRun, Release, ResultRun, ResultStep, Round, RunPair, Study
from annotation.queries.judging import complete_latents, judged_with
from annotation.queries.newcomers import studies_with_newcomers
from annotation.queries.results import newest_run, stale_studies
from annotation.queue import enqueue
from annotation.rules.importing_text import UNDER_WAY as READ_ON

ENDED = ("finished", "failed", "cancelled")
"""Phases in which no worker has the run in hand any more."""

SILENCE = timedelta(seconds=120)
"""A worker reports about every second: after two minutes of silence it is taken for dead."""

QUEUE_SILENCE = timedelta(minutes=10)
"""A request that no worker has taken up by then may have been lost with its broker. Asking twice is asking once."""


QUIET = timedelta(seconds=60)
"""So long after results were computed, what they become with anyone left out follows."""


def sweep(*, now: datetime) -> None:
    """Every duty has its turn, whatever became of those before. Raises ExceptionGroup of what went wrong."""
    failures = []
    for duty in DUTIES:
        try:
            duty(now=now)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup("The sweep did the rest of its duties.", failures)


def sweep_demo(*, now: datetime) -> None:
    if demo.unfinished():
        enqueue("annotation.prepare_demo")


def sweep_leases(*, now: datetime) -> None:
    for round_id in Round.objects.filter(state=RoundState.OPEN).values_list("pk", flat=True):
        release_expired(round_id=round_id, now=now)


def sweep_results(*, now: datetime) -> None:
    """Ask for what is stale or unfinished, then for verdicts, then for what follows once it is quiet."""
    stale = {*stale_studies(), *unfinished_studies()}
    for study_id in stale:
        recompute_soon(study_id=study_id)
    for study_id in unjudged_studies() - stale:
        follow_up_soon(study_id=study_id)
    for study_id in unexplored_studies(now=now) - stale:
        sensitivity_soon(study_id=study_id)


def sweep_releases(*, now: datetime) -> None:
    for release in Release.objects.filter(state=ReleaseState.BUILDING, requested_at__lt=now - SILENCE):
        enqueue("annotation.write_release", release_id=release.pk)


def sweep_imports(*, now: datetime) -> None:
    for wished in CorpusImport.objects.filter(state__in=READ_ON, study__isnull=False, touched_at__lt=now - SILENCE):
        enqueue(WORK_ON_IMPORT, import_id=wished.pk)


def sweep_runs(*, now: datetime) -> None:
    """Note progress; take in what ended; send again what has been silent too long, together what was asked together."""
    silent: dict[str, list[MiningRun]] = {}
    for run in MiningRun.objects.filter(state__in=UNDER_WAY).order_by("pk"):
        if gateway.outcome(settings.ARTIFACT_ROOT, run.digest) is not None:
            enqueue(gateway.RUN_ENDED_TASK, digest=run.digest)
        elif _is_silent(run, now):
            silent.setdefault(run.asked_with or run.digest, []).append(run)
    for runs in silent.values():
        resend_runs(runs=runs, now=now)


def _is_silent(run: MiningRun, now: datetime) -> bool:
    """Whether neither a queue nor a worker seems to know of the run any more. A first sign of life is noted; that an
    attempt is over is none."""
    seen = run_progress(run)
    if seen and seen.phase not in ENDED and run.state == RunState.QUEUED:
        MiningRun.objects.filter(pk=run.pk, state=RunState.QUEUED).update(state=RunState.RUNNING)
        run.state = RunState.RUNNING
    heard = max(run.sent_at.timestamp(), seen.updated_at if seen else 0.0)
    patience = SILENCE if run.state == RunState.RUNNING else QUEUE_SILENCE
    return now.timestamp() - heard > patience.total_seconds()


def sweep_pairs(*, now: datetime) -> None:
    """Take in matches that arrived unheard; ask again for those that did not."""
    for pair in RunPair.objects.filter(ended_at=None).select_related("run", "other"):
        if gateway.matches_are_there(settings.ARTIFACT_ROOT, pair.run.digest, pair.other.digest):
            enqueue(gateway.MATCH_ENDED_TASK, run=pair.run.digest, other=pair.other.digest)
        elif now - pair.asked_at > QUEUE_SILENCE:
            ask_again(pair=pair, now=now)


def sweep_trials(*, now: datetime) -> None:
    """Delete texts that were tried, and their answers, when their time is up."""
    for handle in list(gateway.old_trials(settings.ARTIFACT_ROOT, now=now)):
        gateway.forget_trial(settings.ARTIFACT_ROOT, handle)


def unfinished_studies() -> set[int]:
    """Studies with a run under way: its worker may be lost."""
    return set(ResultRun.everything.filter(complete=False).values_list("study", flat=True))


def unexplored_studies(*, now: datetime) -> set[int]:
    """Studies whose newest results have been quiet for a while, and lack what they become with anyone left out, by the
    thresholds by which they were judged."""
    newest = ResultRun.objects.order_by("study", "-pk").distinct("study").values("pk")
    quiet = ResultRun.objects.filter(pk__in=newest, computed_at__lt=now - QUIET, judged_with__isnull=False)
    to_do = ResultStep.objects.filter(run=OuterRef("pk"), done_at=None)
    lacking = quiet.filter(Q(left_out_with=None) | ~Q(left_out_with=F("judged_with")) | Exists(to_do))
    return set(lacking.values_list("study", flat=True))


def unjudged_studies() -> set[int]:
    """Studies with a verdict to give: on a latent that nobody is asked about any more, by other thresholds or among
    other institutions than before, or because somebody has joined for whom a latent waits.
    """
    waiting = (LatentState.RATING, LatentState.AMBIGUOUS)
    found = studies_with_newcomers()
    open_to_verdicts = (*waiting, LatentState.ACCEPTED, LatentState.RECRUITING)
    for study in Study.objects.filter(sample__state__in=open_to_verdicts).distinct():
        run = newest_run(study)
        if run and (
            run.judged_with != judged_with(study) or complete_latents(study).filter(state__in=waiting).exists()
        ):
            found.add(study.pk)
    return found


DUTIES = (
    sweep_runs,
    sweep_pairs,
    sweep_trials,
    sweep_scores,
    sweep_deliveries,
    sweep_demo,
    sweep_leases,
    sweep_results,
    sweep_releases,
    sweep_imports,
    forget_old_answers,
)
