"""Mining runs: ask the gpu queue for one, and take in what it left."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from annotation import gateway
from annotation.actions import audit
from annotation.enums import AuditVerb, RunState
from annotation.models import Corpus, Latent, MiningRun, Sae, User
from annotation.queue import enqueue
from annotation.rules.refusal import Refused


@transaction.atomic
def request_run(*, sae: Sae, corpus: Corpus, by: User | None, now: datetime, **parameters: Any) -> MiningRun:
    """Put the run on the gpu queue. The same request again returns the run that is there, sent anew if it had failed.

    `parameters` are fields of the contract's MiningRequest. Raises Refused on one that it does not know.
    """
    try:
        request = gateway.MiningRequest(
            model=sae.language_model.folder, sae=sae.folder, corpus_digest=corpus.digest, **parameters
        )
    except TypeError as error:
        raise Refused(f"The mining request has a parameter that does not exist: {error}.") from error
    run, created = MiningRun.objects.get_or_create(
        digest=request.digest,
        defaults={"sae": sae, "corpus": corpus, "request": request.to_dict(), "requested_at": now, "sent_at": now},
    )
    if created:
        audit.record(AuditVerb.RUN_REQUESTED, run, by=by, now=now, digest=run.digest)
    elif run.state == RunState.FAILED:
        return retry_run(run=run, by=by, now=now)
    if run.state != RunState.FINISHED:
        send_run(run=run, now=now)
    return run


@transaction.atomic
def retry_run(*, run: MiningRun, by: User | None, now: datetime) -> MiningRun:
    """Send a failed run again, after what it named was mended. Raises Refused if it has not failed."""
    run = MiningRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    if run.state != RunState.FAILED:
        raise Refused("Only a run that failed can be sent again; this one has not.")
    gateway.forget_failure(settings.ARTIFACT_ROOT, run.digest)
    run.state, run.failure, run.ended_at = RunState.QUEUED, "", None
    audit.record(AuditVerb.RUN_REQUESTED, run, by=by, now=now, digest=run.digest, again=True)
    send_run(run=run, now=now)
    return run


@transaction.atomic
def resend_run(*, run: MiningRun, now: datetime) -> None:
    """Ask again for a run that has been silent too long, unless it ended meanwhile."""
    current = MiningRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    if current.state in (RunState.QUEUED, RunState.RUNNING):
        send_run(run=current, now=now)


def send_run(*, run: MiningRun, now: datetime) -> None:
    """Put the run on the queue (again): a second worker that takes it waits for, or finds, the first one's result."""
    run.sent_at = now
    run.save(update_fields=["sent_at", "state", "failure", "ended_at"])
    enqueue(gateway.MINE_TASK, queue=gateway.GPU_QUEUE, request=run.request)


@transaction.atomic
def note_run_ended(*, digest: str, now: datetime) -> MiningRun | None:
    """Take in the run's manifest and latents, or its failure; None if it is unknown or still going. Twice is once."""
    run = MiningRun.objects.select_for_update(no_key=True).filter(digest=digest).first()
    if run is None or run.state == RunState.FINISHED:
        return run
    ended = gateway.outcome(settings.ARTIFACT_ROOT, digest)
    if ended is None:
        return None
    if isinstance(ended, gateway.Failure):
        if run.state == RunState.FAILED:
            return run
        run.state, run.failure, run.ended_at = RunState.FAILED, ended.sentence, now
        run.save()
        audit.record(AuditVerb.RUN_ENDED, run, by=None, now=now, state=run.state)
        return run
    _store_latents(run, gateway.latents(settings.ARTIFACT_ROOT, digest))
    run.state, run.failure, run.manifest, run.ended_at = RunState.FINISHED, "", ended.to_dict(), now
    run.save()
    audit.record(AuditVerb.RUN_ENDED, run, by=None, now=now, state=run.state, files=ended.files)
    return run


def _store_latents(run: MiningRun, rows: Iterable[dict[str, Any]]) -> None:
    Latent.objects.bulk_create((Latent(run=run, **row) for row in rows), batch_size=1000)


def run_progress(run: MiningRun) -> gateway.Progress | None:
    """Where the run is, by the worker's own account; None while no worker has taken it up."""
    return gateway.progress(settings.ARTIFACT_ROOT, run.digest)
