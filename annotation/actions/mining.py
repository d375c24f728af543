"""Mining runs: ask the gpu queue for them, send them again, stop one and let it go on."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from annotation import gateway
from annotation.actions import audit
from annotation.enums import AuditVerb, Role, RoundState, RunState
from annotation.models import Corpus, MiningRun, Round, Sae, Study, User
from annotation.queue import enqueue
from annotation.rules.membership import can, check_researcher
from annotation.rules.refusal import Refused

UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)


def request_run(*, sae: Sae, corpus: Corpus, by: User | None, now: datetime, **parameters: Any) -> MiningRun:
    """One SAE's run: `request_runs` for a single one."""
    return request_runs(saes=[sae], corpus=corpus, by=by, now=now, **parameters)[0]


@transaction.atomic
def request_runs(
    *, saes: Sequence[Sae], corpus: Corpus, by: User | None, now: datetime, **parameters: Any
) -> list[MiningRun]:
    """Put the SAEs' runs on the gpu queue, to be mined in one pass; a run each, in the order of the SAEs.

    The same request again returns the run that is there, sent anew if it had failed or was cancelled. `parameters` are
    fields of the contract's MiningRequest. Raises Refused on one that it does not know, and on SAEs that cannot be
    mined together.
    """
    _check_together(saes)
    runs = [_run(sae, corpus, by, now, parameters) for sae in saes]
    waiting = [run for run in runs if run.state != RunState.FINISHED]
    _send(waiting, now=now, together=_together(waiting))
    return runs


def _check_together(saes: Sequence[Sae]) -> None:
    if not saes:
        raise Refused("No SAE was named. Name at least one to mine with.")
    if len({sae.pk for sae in saes}) < len(saes):
        raise Refused("An SAE was named twice. Name each once.")
    if len({sae.language_model_id for sae in saes}) > 1:
        raise Refused("SAEs of several language models cannot be mined in one pass. Ask for each model's on their own.")


def _run(sae: Sae, corpus: Corpus, by: User | None, now: datetime, parameters: dict[str, Any]) -> MiningRun:
    """The run of this request, new or found; what ended it without a result is forgotten."""
    try:
        request = gateway.MiningRequest(
            model=sae.language_model.folder,
            sae=sae.folder,
            sae_options=sae.options,
            corpus_digest=corpus.digest,
            **parameters,
        )
    except TypeError as error:
        raise Refused(f"The mining request has a parameter that does not exist: {error}.") from error
    run, created = MiningRun.objects.select_for_update(no_key=True, of=("self",)).get_or_create(
        digest=request.digest,
        defaults={"sae": sae, "corpus": corpus, "request": request.to_dict(), "requested_at": now, "sent_at": now},
    )
    if created:
        audit.record(AuditVerb.RUN_REQUESTED, run, by=by, now=now, digest=run.digest)
    elif run.state in (RunState.FAILED, RunState.CANCELLED):
        _begin_again(run, by=by, now=now)
    return run


def _begin_again(run: MiningRun, *, by: User | None, now: datetime) -> None:
    verb = AuditVerb.RUN_RESUMED if run.state == RunState.CANCELLED else AuditVerb.RUN_REQUESTED
    gateway.forget_failure(settings.ARTIFACT_ROOT, run.digest)
    gateway.forget_stop(settings.ARTIFACT_ROOT, run.digest)
    run.state, run.failure, run.retry_helps, run.ended_at = RunState.QUEUED, "", False, None
    audit.record(verb, run, by=by, now=now, digest=run.digest, again=True)


@transaction.atomic
def retry_run(*, run: MiningRun, by: User | None, now: datetime) -> MiningRun:
    """Send a failed run again, after what it named was mended. Raises Refused if it has not failed."""
    run = _locked(run)
    if run.state != RunState.FAILED:
        raise Refused("Only a run that failed can be sent again; this one has not.")
    _begin_again(run, by=by, now=now)
    _send([run], now=now, again=True)
    return run


@transaction.atomic
def cancel_run(*, study: Study, by: User, now: datetime) -> MiningRun:
    """Tell the workers to stop the study's run. What they have mined stays, so that it can go on from there.

    Raises Refused where there is nothing to stop, where a round rests on the run, where the disk takes no file, and for
    anyone who is not a researcher of every study that waits for it.
    """
    run = _run_of(study, by)
    if Round.objects.filter(study__run=run).exclude(state=RoundState.DRAFT).exists():
        raise Refused("A round already uses this mining run: it cannot be cancelled.")
    if run.state not in UNDER_WAY:
        raise Refused(f"Only a run that is under way can be cancelled; this one is {run.state}.")
    run.state, run.ended_at = RunState.CANCELLED, now
    run.save(update_fields=["state", "ended_at"])
    _ask_to_stop(run)
    audit.record(AuditVerb.RUN_CANCELLED, run, by=by, now=now, study=study, digest=run.digest)
    return run


def _ask_to_stop(run: MiningRun) -> None:
    try:
        gateway.ask_to_stop(settings.ARTIFACT_ROOT, run.digest)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Refused(
            f"The run could not be cancelled, because the site could not write to its disk ({reason}). It goes on as "
            "before. Tell whoever runs this installation to make room, then cancel again."
        ) from error


@transaction.atomic
def resume_run(*, study: Study, by: User, now: datetime) -> MiningRun:
    """Let a cancelled run go on from what it has mined. Raises Refused if it was not cancelled."""
    run = _run_of(study, by)
    if run.state != RunState.CANCELLED:
        raise Refused(f"Only a cancelled run can be resumed; this one is {run.state}.")
    _begin_again(run, by=by, now=now)
    _send([run], now=now, again=True)
    return run


def _run_of(study: Study, by: User) -> MiningRun:
    """The study's run, locked, for one who may stop and start it."""
    check_researcher(by, study)
    if study.run is None:
        raise Refused("The study has no mining run.")
    run = _locked(study.run)
    if not all(can(by, other, Role.RESEARCHER) for other in Study.objects.filter(run=run).exclude(pk=study.pk)):
        raise Refused("Another study waits for the same mining run. Ask its researcher to join in before you do this.")
    return run


@transaction.atomic
def resend_runs(*, runs: Iterable[MiningRun], now: datetime) -> None:
    """Ask again, in one message, for runs that have been silent too long, unless they ended meanwhile."""
    wanted = [run.pk for run in runs]
    found = MiningRun.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=wanted, state__in=UNDER_WAY)
    _send(list(found.order_by("pk")), now=now, again=True)


def _send(runs: Sequence[MiningRun], *, now: datetime, together: str | None = None, again: bool = False) -> None:
    """Put the runs on the queue (again): a second worker that takes them up finds what the first one does.

    together: their common `asked_with`, where that is new. again: what was sent before is taken for lost.
    """
    for run in runs:
        run.sent_at = now
        run.asked_with = run.asked_with if together is None else together
        _renew(run, now)
        run.save()
    requests = [run.request for run in runs if run.state in UNDER_WAY]
    if requests:
        enqueue(
            gateway.MINE_TASK,
            queue=gateway.GPU_QUEUE,
            priority=gateway.MINE_PRIORITY,
            requests=requests,
            again=again,
        )


def _renew(run: MiningRun, now: datetime) -> None:
    """A run that was asked for before an update of the program, and never finished: no worker reads its request any
    more, so it is written in today's terms."""
    request = gateway.up_to_date(run.request)
    if request.digest == run.digest:
        return
    if MiningRun.objects.filter(digest=request.digest).exists():
        run.state, run.ended_at, run.retry_helps = RunState.FAILED, now, False
        run.failure = "An older version of this program asked for this run, and the same was asked for anew: use that."
        return
    run.request, run.digest = request.to_dict(), request.digest
    audit.record(AuditVerb.RUN_REQUESTED, run, by=None, now=now, digest=run.digest, again=True)


def _together(runs: Sequence[MiningRun]) -> str:
    """Names runs that are asked for together by a digest of theirs; empty for one alone."""
    if len(runs) < 2:
        return ""
    return hashlib.sha256("\n".join(sorted(run.digest for run in runs)).encode()).hexdigest()


def _locked(run: MiningRun) -> MiningRun:
    return MiningRun.objects.select_for_update(no_key=True).get(pk=run.pk)


def run_progress(run: MiningRun) -> gateway.Progress | None:
    """Where the run is, by the worker's own account; None while no worker has taken it up since it was last sent.

    What a worker said before that is about an attempt that is over.
    """
    seen = gateway.progress(settings.ARTIFACT_ROOT, run.digest)
    return seen if seen and seen.updated_at >= run.sent_at.timestamp() else None
