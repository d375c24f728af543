"""Catches what an outage missed: runs that ended unheard or lost their worker, stale results, leases and trials that
ran out.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from annotation import gateway
from annotation.actions import demo
from annotation.actions.claiming import release_expired
from annotation.actions.follow_up import complete_latents
from annotation.actions.matching import ask_again
from annotation.actions.mining import UNDER_WAY, resend_runs, run_progress
from annotation.actions.recomputing import recompute_soon
from annotation.enums import LatentState, ReleaseState, RoundState, RunState
from annotation.models import (
    Membership,
    MiningRun,
    Rating,
    Reading,
    Reference,
    Release,
    ResultRun,
    Round,
    RunPair,
    Study,
)
from annotation.queries.withheld import withheld
from annotation.queue import enqueue

ENDED = ("finished", "failed", "cancelled")
"""Phases in which no worker has the run in hand any more."""

SILENCE = timedelta(seconds=120)
"""A worker reports about every second: after two minutes of silence it is taken for dead."""

QUEUE_SILENCE = timedelta(minutes=10)
"""A request that no worker has taken up by then may have been lost with its broker. Asking twice is asking once."""


def sweep(*, now: datetime) -> None:
    sweep_runs(now=now)
    sweep_pairs(now=now)
    sweep_trials(now=now)
    if demo.unfinished():
        enqueue("annotation.prepare_demo")
    for round_id in Round.objects.filter(state=RoundState.OPEN).values_list("pk", flat=True):
        release_expired(round_id=round_id, now=now)
    for study_id in {*stale_studies(), *unjudged_studies()}:
        recompute_soon(study_id=study_id)
    for release in Release.objects.filter(state=ReleaseState.BUILDING, requested_at__lt=now - SILENCE):
        enqueue("annotation.write_release", release_id=release.pk)


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


def stale_studies() -> list[int]:
    """Studies whose newest results lack a rating or reading, hold those of a rater who took hers away since, or compare
    with a reference that was corrected.
    """
    newest_rating = Rating.objects.filter(study=OuterRef("pk")).order_by("-pk").values("pk")
    newest_reading = Reading.objects.filter(study=OuterRef("pk")).order_by("-pk").values("submitted_at")[:1]
    newest_result = ResultRun.objects.filter(study=OuterRef("pk")).order_by("-pk")
    answered = Rating.objects.filter(~withheld(), latent=OuterRef("latent"))
    corrected = Reference.objects.filter(Exists(answered), latent__study=OuterRef("pk"), revision__gt=1).order_by("-pk")
    gone = Membership.objects.filter(study=OuterRef("pk"), ratings_withheld=True).order_by("-withdrawn_at")
    studies = Study.objects.annotate(
        rating=Subquery(newest_rating[:1]),
        counted=Subquery(newest_rating.filter(latent__calibration_set=None)[:1]),
        read_at=Subquery(newest_reading),
        seen=Coalesce(Subquery(newest_result.values("last_rating")[:1]), 0),
        computed_at=Subquery(newest_result.values("computed_at")[:1]),
        corrected_at=Subquery(corrected.values("set_at")[:1]),
        left_at=Subquery(gone.values("withdrawn_at")[:1]),
    )
    # Calibration alone gives nothing to compute from.
    stale = Q(counted__isnull=False, rating__gt=F("seen")) | Q(left_at__gt=F("computed_at"))
    stale |= Q(read_at__gt=F("computed_at")) | Q(corrected_at__gt=F("computed_at"))
    return list(studies.filter(stale).values_list("pk", flat=True))


def unjudged_studies() -> list[int]:
    """Studies with a latent that nobody is asked about any more and that still counts as being rated."""
    waiting = (LatentState.RATING, LatentState.AMBIGUOUS)
    return [
        study.pk
        for study in Study.objects.filter(sample__state__in=waiting).distinct()
        if complete_latents(study).filter(state__in=waiting).exists()
    ]
