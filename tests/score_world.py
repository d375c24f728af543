"""Automatic scores as if a worker had given them: for tests of what follows from scores, not of who gives them."""

import json
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings

from annotation.enums import Scorer, ScoreTask, SnippetKind
from annotation.models import Rating, RationaleScore, ScoreBatch, Snippet
from saeserve import contract
from tests.world import NOW

VERSION = "embedding-1/0123456789ab"


def batch_of(*ratings: Rating, scorer: Scorer = Scorer.EMBEDDING, version: str = VERSION) -> ScoreBatch:
    """They were asked and have ended."""
    numbers = [rating.pk for rating in ratings]
    return ScoreBatch.objects.create(
        study=ratings[0].study,
        scorer=scorer,
        version=version.split("/")[0],
        answered=version,
        digest=f"{scorer}:{version}:{numbers}"[:64],
        ratings=numbers,
        asked_at=NOW,
        sent_at=NOW,
        ended_at=NOW,
    )


def score(rating: Rating, value: float, *, batch: ScoreBatch, task: ScoreTask = ScoreTask.DETECTION) -> RationaleScore:
    """`value` of the held-out snippets of either kind are told, the rest not."""
    return RationaleScore.objects.create(
        study=rating.study,
        rating=rating,
        scorer=batch.scorer,
        version=batch.answered,
        task=task,
        judgements=judgements(rating, value),
        value=value,
        model="small model",
        digest="d" * 64,
        batch=batch,
        scored_at=NOW,
    )


def judgements(rating: Rating, share: float) -> list[dict[str, object]]:
    kinds = (SnippetKind.HELD_OUT, SnippetKind.HELD_OUT_RANDOM, SnippetKind.HELD_OUT_HARD)
    held = Snippet.objects.filter(latent=rating.latent.latent_id, kind__in=kinds).order_by("pk")
    rows: list[dict[str, object]] = []
    for fires in (True, False):
        part = [one.pk for one in held if (one.kind == SnippetKind.HELD_OUT) is fires]
        told = round(share * len(part))
        rows += [
            {"snippet": pk, "said": fires is (place < told), "number": 0.9 - place / 100}
            for place, pk in enumerate(part)
        ]
    return rows


def asked_of(batch: ScoreBatch) -> contract.ScoreRequest:
    """What the worker finds: the question, deciphered."""
    path = settings.ARTIFACT_ROOT / "scores" / batch.digest / contract.QUESTION_FILE
    return contract.ScoreRequest.from_dict(json.loads(Fernet(settings.ARTIFACT_KEY).decrypt(path.read_bytes())))


def answer(batch: ScoreBatch, *, model: str = "small model 0123", right: float = 1.0, leaves_out: int = 0) -> None:
    """As a worker would that tells this share of either kind: written where the contract says."""
    request = asked_of(batch)
    kinds = dict(Snippet.objects.values_list("pk", "kind"))
    truth = {pk: kind == SnippetKind.HELD_OUT for pk, kind in kinds.items()}
    marked = {(pk, right_ones) for rows in batch.trials[ScoreTask.FUZZING].values() for pk, _, right_ones in rows}
    _write(
        batch,
        contract.ScoreAnswer(
            scorer=request.scorer,
            scorer_version=request.scorer_version,
            model=model,
            detection=[
                {"trial": one["trial"], "judgements": _said(one, truth, right)[leaves_out:]}
                for one in request.detection
            ],
            fuzzing=[{"trial": one["trial"], "judgements": _said(one, dict(marked), right)} for one in request.fuzzing],
            intruder=[
                {"trial": one["trial"], "said": next(s["id"] for s in one["snippets"] if not truth[s["id"]])}
                for one in request.intruder
            ],
        ).to_dict(),
    )


def fail(batch: ScoreBatch, sentence: str, *, retry_helps: bool = False) -> None:
    _write(batch, contract.Failure(sentence=sentence, retry_helps=retry_helps).to_dict())


def _said(trial: dict[str, Any], truth: dict[int, bool], right: float) -> list[dict[str, Any]]:
    rows = []
    for kind in (True, False):
        part = [one["id"] for one in trial["snippets"] if truth[one["id"]] is kind]
        told = round(right * len(part))
        rows += [
            {"snippet": pk, "said": kind is (place < told), "number": 1.0 if kind is (place < told) else 0.0}
            for place, pk in enumerate(part)
        ]
    return rows


def _write(batch: ScoreBatch, record: dict[str, Any]) -> None:
    folder = settings.ARTIFACT_ROOT / "scores" / batch.digest
    (folder / contract.SCORES_FILE).write_text(json.dumps(record))
