"""Automatic scores as if a worker had given them: for tests of what follows from scores, not of who gives them."""

from annotation.enums import Scorer, ScoreTask, SnippetKind
from annotation.models import Rating, RationaleScore, ScoreBatch, Snippet
from tests.world import NOW

VERSION = "embedding-1"


def batch_of(*ratings: Rating, scorer: Scorer = Scorer.EMBEDDING, version: str = VERSION) -> ScoreBatch:
    """They were asked and have ended."""
    numbers = [rating.pk for rating in ratings]
    return ScoreBatch.objects.create(
        study=ratings[0].study,
        scorer=scorer,
        version=version,
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
        version=batch.version,
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
