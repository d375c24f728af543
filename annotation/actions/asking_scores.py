"""Asks programs to judge a study's rationales, a batch at a time, on the gpu queue. Nobody has to click for it.

What is asked lies encrypted in the artifact root; the message is a digest. The same question is the same batch.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet

from annotation import gateway
from annotation.actions import audit
from annotation.actions.undefined_scores import store_undefined
from annotation.enums import AuditVerb, Scorer
from annotation.models import Rating, ScoreBatch, Study, User
from annotation.queries.scorable_rationales import open_batches, unscored_rationales
from annotation.queries.score_question import Question, question
from annotation.queue import enqueue, enqueue_soon
from annotation.rules.membership import check_researcher

TASK = "annotation.ask_for_scores"
BATCH = {Scorer.EMBEDDING: 60, Scorer.JUDGE: 10}
"""Rationales of one message: seconds of an embedding model, minutes of a language model."""
AT_ONCE = 4
"""Batches of one study and scorer that wait on the queue: others come between, and a new setting is soon heeded."""
SILENCE = timedelta(minutes=10)
"""A batch without an answer for so long is put on the queue again, and then after twice as long each time."""
MOST_DOUBLINGS = 6


def score_soon(*, study_id: int) -> None:
    """Ask for what is not scored yet, a moment from now; many calls become one."""
    enqueue_soon(TASK, study_id=study_id)


@transaction.atomic
def ask_for_scores(*, study_id: int, now: datetime) -> list[ScoreBatch]:
    """Put what the study's programs have not judged on the gpu queue, as far as there is room. Twice is once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('consilium scores', %s))", [study_id])
    study = Study.objects.select_related("run").get(pk=study_id)
    _withdraw(ScoreBatch.objects.filter(study=study).exclude(scorer__in=chosen(study)), now)
    return [batch for scorer in chosen(study) for batch in _ask(study, scorer, now)]


def _withdraw(batches: QuerySet[ScoreBatch], now: datetime) -> None:
    """Questions to a program that the study no longer uses: their text goes, and nobody is given it any more."""
    for batch in batches.filter(ended_at=None).select_for_update(of=("self",)):
        gateway.forget_scores(settings.ARTIFACT_ROOT, batch.digest)
        batch.ended_at = now
        batch.save(update_fields=["ended_at"])


def chosen(study: Study) -> list[Scorer]:
    """Programs that the study uses and that this release of the software has."""
    return [scorer for scorer in Scorer if scorer in study.scorers and scorer in gateway.SCORERS]


def _ask(study: Study, scorer: Scorer, now: datetime) -> Iterable[ScoreBatch]:
    version = gateway.SCORERS[scorer]
    room = AT_ONCE - open_batches(study, scorer).count()
    if room <= 0:
        return []
    waiting = list(
        unscored_rationales(study, scorer=scorer, version=version)
        .select_related("concept", "second_concept", "latent")
        .order_by("latent", "pk")[: room * BATCH[scorer]]
    )
    parts = [waiting[first : first + BATCH[scorer]] for first in range(0, len(waiting), BATCH[scorer])]
    return [batch for part in parts if (batch := _send_part(study, scorer, part, now))]


def _send_part(study: Study, scorer: Scorer, ratings: list[Rating], now: datetime) -> ScoreBatch | None:
    asked = question(study, scorer, ratings, tasks=gateway.SCORER_TASKS[scorer])
    store_undefined(study=study, scorer=scorer, version=gateway.SCORERS[scorer], reasons=asked.undefined, now=now)
    if not asked.ratings:
        return None
    request = _request(study, scorer, asked)
    batch, _ = ScoreBatch.objects.update_or_create(
        digest=request.digest,
        defaults={"sent_at": now, "sent": 1, "ended_at": None, "failure": "", "retry_helps": False},
        create_defaults={
            "study": study,
            "scorer": scorer,
            "version": request.scorer_version,
            "ratings": list(asked.ratings),
            "trials": asked.truth,
            "asked_at": now,
            "sent_at": now,
        },
    )
    gateway.write_score_request(settings.ARTIFACT_ROOT, request, key=settings.ARTIFACT_KEY)
    _send(batch)
    audit.record(
        AuditVerb.SCORES_ASKED, batch, by=None, now=now, study=study, scorer=scorer, rationales=len(batch.ratings)
    )
    return batch


def _request(study: Study, scorer: Scorer, asked: Question) -> gateway.ScoreRequest:
    return gateway.ScoreRequest(
        scorer=scorer,
        scorer_version=gateway.SCORERS[scorer],
        subject_model=study.run.request["model"] if study.run else "",
        detection=list(asked.detection),
        fuzzing=list(asked.fuzzing),
        intruder=list(asked.intruder),
    )


def _send(batch: ScoreBatch) -> None:
    enqueue(gateway.SCORE_TASK, queue=gateway.GPU_QUEUE, priority=gateway.SCORE_PRIORITY, digest=batch.digest)


@transaction.atomic
def ask_again(*, study: Study, by: User, now: datetime) -> int:
    """Ask once more for what failed. How many rationales that are. Raises Refused for all but a researcher."""
    check_researcher(by, study)
    failed = ScoreBatch.objects.select_for_update().filter(study=study).exclude(failure="")
    count = _free(failed)
    if count:
        audit.record(AuditVerb.SCORES_ASKED, study, by=by, now=now, study=study, again=count)
    return count


def _free(failed: Iterable[ScoreBatch]) -> int:
    """Their rationales count as never asked; what was answered is deleted, so that it is answered anew."""
    count = 0
    for batch in failed:
        gateway.forget_scores(settings.ARTIFACT_ROOT, batch.digest)
        count += len(batch.ratings)
        batch.failure, batch.retry_helps = "", False
        batch.save(update_fields=["failure", "retry_helps"])
        score_soon(study_id=batch.study_id)
    return count


@transaction.atomic
def sweep_scores(*, now: datetime) -> None:
    """Take in answers that arrived unheard, send again what has been silent too long, ask for what was never asked."""
    for batch in ScoreBatch.objects.filter(ended_at=None).select_related("study").order_by("pk"):
        if batch.scorer not in chosen(batch.study):
            score_soon(study_id=batch.study_id)
        elif gateway.score_answer_is_there(settings.ARTIFACT_ROOT, batch.digest):
            enqueue(gateway.SCORES_ENDED_TASK, digest=batch.digest)
        elif now - batch.sent_at > SILENCE * 2 ** min(batch.sent - 1, MOST_DOUBLINGS):
            _resend(batch, now)
    worth_it = ScoreBatch.objects.filter(retry_helps=True, ended_at__lt=now - SILENCE).exclude(failure="")
    _free(worth_it.select_for_update(skip_locked=True))
    for study in Study.objects.exclude(scorers=[]):
        if any(_unasked(study, scorer) for scorer in chosen(study)):
            score_soon(study_id=study.pk)


def _resend(batch: ScoreBatch, now: datetime) -> None:
    """Where the question is lost with its disk, its rationales are asked about anew."""
    if gateway.score_question_is_there(settings.ARTIFACT_ROOT, batch.digest):
        ScoreBatch.objects.filter(pk=batch.pk).update(sent_at=now, sent=F("sent") + 1)
        _send(batch)
    else:
        ScoreBatch.objects.filter(pk=batch.pk, ended_at=None).update(ended_at=now)


def _unasked(study: Study, scorer: Scorer) -> bool:
    if open_batches(study, scorer).count() >= AT_ONCE:
        return False
    return unscored_rationales(study, scorer=scorer, version=gateway.SCORERS[scorer]).exists()
