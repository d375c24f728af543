"""What a program said of a batch of rationales: its scores are taken in, or why there are none."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction

from annotation import gateway
from annotation.actions import audit
from annotation.actions.asking_scores import score_soon
from annotation.actions.recomputing import recompute_soon
from annotation.enums import AuditVerb, ScoreTask, SnippetKind
from annotation.models import IntruderScore, Rating, RationaleScore, ScoreBatch, Snippet
from annotation.science.auroc import area
from annotation.science.digest import digest
from annotation.science.reading_trial import balanced_accuracy
from annotation.science.tallies import Judgement

MODEL_DIGITS = 12
UNJUDGED = "The scorer judged {} of {} snippets and left the others out."


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What the scorer was not told: of every trial its snippets, and whether the answer is yes."""

    fires: Mapping[int, bool]
    trials: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, batch: ScoreBatch) -> "Truth":
        wanted = {pk for pks in batch.trials[ScoreTask.DETECTION].values() for pk in pks}
        kinds = Snippet.objects.filter(pk__in=wanted).values_list("pk", "kind")
        return cls(fires={pk: kind == SnippetKind.HELD_OUT for pk, kind in kinds}, trials=batch.trials)


@transaction.atomic
def note_scores_ended(*, digest: str, now: datetime) -> ScoreBatch | None:
    """Take in the scores of the batch, or its failure; None if it is unknown or not answered. Twice is once."""
    batch = ScoreBatch.objects.select_for_update(of=("self",)).filter(digest=digest).select_related("study").first()
    if batch is None or (batch.ended_at is not None and not batch.failure):
        return batch
    ended = gateway.read_score_answer(settings.ARTIFACT_ROOT, digest)
    if ended is None:
        return None
    if isinstance(ended, gateway.Failure):
        batch.failure, batch.retry_helps, batch.ended_at = ended.sentence, ended.retry_helps, now
        batch.save(update_fields=["failure", "retry_helps", "ended_at"])
        return batch
    _store(batch, ended, now)
    return batch


def _store(batch: ScoreBatch, answer: gateway.ScoreAnswer, now: datetime) -> None:
    batch.answered = version_of(answer)
    batch.failure, batch.retry_helps, batch.ended_at = "", False, now
    batch.save(update_fields=["answered", "failure", "retry_helps", "ended_at"])
    truth, ratings = Truth.of(batch), _ratings(batch)
    shared = {
        "study_id": batch.study_id,
        "scorer": batch.scorer,
        "version": batch.answered,
        "model": answer.model,
        "digest": batch.digest,
        "batch": batch,
        "scored_at": now,
    }
    scores = [*_detection(answer, truth, ratings, shared), *_fuzzing(answer, truth, ratings, shared)]
    RationaleScore.objects.bulk_create(scores, ignore_conflicts=True, batch_size=500)
    IntruderScore.objects.bulk_create(_intruder(answer, truth, shared), ignore_conflicts=True, batch_size=500)
    study = batch.study
    audit.record(
        AuditVerb.SCORES_TAKEN, batch, by=None, now=now, study=study, scorer=batch.scorer, rationales=len(ratings)
    )
    transaction.on_commit(lambda: gateway.forget_scores(settings.ARTIFACT_ROOT, batch.digest))
    recompute_soon(study_id=study.pk)
    score_soon(study_id=study.pk)


def version_of(answer: gateway.ScoreAnswer) -> str:
    """Two models are two scorers, each calibrated on its own: the version has the beginning of the model's digest."""
    return f"{answer.scorer_version}/{sha256(answer.model.encode()).hexdigest()[:MODEL_DIGITS]}"


def _ratings(batch: ScoreBatch) -> dict[int, Rating]:
    return {one.pk: one for one in Rating.objects.filter(pk__in=batch.ratings).select_related("latent")}


def _detection(
    answer: gateway.ScoreAnswer, truth: Truth, ratings: Mapping[int, Rating], shared: Mapping[str, Any]
) -> Iterator[RationaleScore]:
    for trial, rating in _of_ratings(answer.detection, ratings):
        asked = truth.trials[ScoreTask.DETECTION][str(rating.latent.latent_id)]
        said = {row["snippet"]: row for row in trial["judgements"] if isinstance(row["said"], bool)}
        rows = [said[pk] for pk in asked if pk in said]
        judged = [_judgement(rating, row, fires=truth.fires[row["snippet"]]) for row in rows]
        yield _score(ScoreTask.DETECTION, rating, rows, judged, len(asked), shared)


def _fuzzing(
    answer: gateway.ScoreAnswer, truth: Truth, ratings: Mapping[int, Rating], shared: Mapping[str, Any]
) -> Iterator[RationaleScore]:
    for trial, rating in _of_ratings(answer.fuzzing, ratings):
        asked = truth.trials[ScoreTask.FUZZING][str(rating.latent.latent_id)]
        said = {row["snippet"]: row for row in trial["judgements"] if isinstance(row["said"], bool)}
        rows = [{**said[pk], "marks": marks, "right": right} for pk, marks, right in asked if pk in said]
        judged = [_judgement(rating, row, fires=row["right"]) for row in rows]
        yield _score(ScoreTask.FUZZING, rating, rows, judged, len(asked), shared)


def _of_ratings(trials: list[dict[str, Any]], ratings: Mapping[int, Rating]) -> Iterator[tuple[dict[str, Any], Rating]]:
    for trial in trials:
        if int(trial["trial"]) in ratings:
            yield trial, ratings[int(trial["trial"])]


def _judgement(rating: Rating, row: Mapping[str, Any], *, fires: bool) -> Judgement:
    return Judgement(rating.pk, row["snippet"], fires, row["said"], number=row.get("number"))


def _score(
    task: ScoreTask,
    rating: Rating,
    rows: list[dict[str, Any]],
    judged: list[Judgement],
    asked: int,
    shared: Mapping[str, Any],
) -> RationaleScore:
    """A value where every snippet of the trial was judged."""
    whole = len(judged) == asked
    said = {place: one.said for place, one in enumerate(judged)}
    fires = {place: one.fires for place, one in enumerate(judged)}
    return RationaleScore(
        **{**shared, "digest": digest(rows, batch=shared["digest"], rating=rating.pk)},
        rating=rating,
        task=task,
        judgements=rows,
        value=balanced_accuracy(said, fires) if whole else None,
        undefined_reason="" if whole else UNJUDGED.format(len(judged), asked),
        auroc=area(judged) if whole else None,
    )


def _intruder(answer: gateway.ScoreAnswer, truth: Truth, shared: Mapping[str, Any]) -> Iterator[IntruderScore]:
    said: dict[str, dict[int, int]] = defaultdict(dict)
    for trial in answer.intruder:
        latent, _, number = str(trial["trial"]).partition("-")
        said[latent][int(number)] = trial["said"]
    for latent, sets in truth.trials[ScoreTask.INTRUDER].items():
        rows = [
            {"snippets": snippets, "odd": odd, "said": said[latent][number]}
            for number, (snippets, odd) in enumerate(sets)
            if said[latent].get(number) in snippets
        ]
        if sets:
            yield IntruderScore(
                **{**shared, "digest": digest(rows, batch=shared["digest"], latent=latent)},
                latent_id=int(latent),
                judgements=rows,
                value=sum(row["said"] == row["odd"] for row in rows) / len(rows) if rows else None,
                undefined_reason="" if rows else "The scorer chose no snippet of any set.",
            )
