"""What no client may do to automatic scores, tried against the database itself."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from annotation.enums import ScoreTask, SnippetKind
from annotation.models import IntruderScore, Rating, RationaleScore, ScoreBatch, Snippet
from tests.score_world import VERSION, batch_of, score
from tests.world import NOW, World, rate_next


@pytest.fixture
def rating(world: World) -> Rating:
    given = rate_next(world.study, world.ada)
    assert given is not None
    return given


def refusal(make: Any) -> str:
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        make()
    return str(error.value)


@pytest.mark.parametrize("table", ["rationalescore", "intruderscore"])
def test_scores_are_append_only(rating: Rating, table: str) -> None:
    batch = batch_of(rating)
    score(rating, 0.7, batch=batch)
    IntruderScore.objects.create(**intruder(rating), value=0.5, batch=batch)
    for statement in (
        f"UPDATE annotation_{table} SET value = 1",
        f"DELETE FROM annotation_{table}",
        f"TRUNCATE annotation_{table}",
    ):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            assert "append-only" in refusal(lambda sql=statement: cursor.execute(sql))


def test_one_score_a_rating_scorer_version_and_task(rating: Rating) -> None:
    score(rating, 0.7, batch=batch_of(rating))
    assert "rationale_score_once" in refusal(lambda: score(rating, 0.8, batch=ScoreBatch.objects.get()))
    score(rating, 0.6, batch=ScoreBatch.objects.get(), task=ScoreTask.FUZZING)
    score(rating, 0.8, batch=batch_of(rating, version="embedding-2"))
    assert RationaleScore.objects.count() == 3


def test_no_score_rests_on_a_snippet_that_raters_see(rating: Rating) -> None:
    shown = Snippet.objects.filter(latent=rating.latent.latent_id, kind=SnippetKind.TOP).first()
    foreign = Snippet.objects.filter(kind=SnippetKind.HELD_OUT).exclude(latent=rating.latent.latent_id).first()
    for snippet in (shown, foreign):
        assert snippet is not None
        judged = [{"snippet": snippet.pk, "said": True, "number": None}]
        make = {**plain(rating), "judgements": judged, "value": 1.0}
        assert "held-out" in refusal(lambda make=make: RationaleScore.objects.create(**make))
        sets = [{"snippets": [snippet.pk], "odd": snippet.pk, "said": snippet.pk}]
        make = {**intruder(rating), "judgements": sets, "value": 1.0}
        assert "held-out" in refusal(lambda make=make: IntruderScore.objects.create(**make))


def test_a_score_has_a_value_or_a_reason(rating: Rating) -> None:
    for wrong in ({"value": None}, {"value": 0.5, "undefined_reason": "No."}, {"value": 1.5}):
        told = refusal(lambda wrong=wrong: RationaleScore.objects.create(**plain(rating), **wrong))
        assert "rationale_score_value_or_reason" in told
        told = refusal(lambda wrong=wrong: IntruderScore.objects.create(**intruder(rating), **wrong))
        assert "intruder_score_value_or_reason" in told
    RationaleScore.objects.create(**plain(rating), undefined_reason="There are too few snippets.")


def test_only_an_answered_rating_of_the_study_is_scored(world: World, rating: Rating) -> None:
    none = rate_next(world.study, world.ben, outcome="not-clinical")
    assert none is not None
    assert "answered" in refusal(lambda: RationaleScore.objects.create(**plain(none), value=0.5))


def test_what_was_asked_stays_as_it_was_asked(rating: Rating) -> None:
    batch = batch_of(rating)
    for change in ({"ratings": []}, {"version": "embedding-9"}, {"scorer": "judge"}):
        told = refusal(lambda change=change: ScoreBatch.objects.filter(pk=batch.pk).update(**change))
        assert "cannot be changed" in told
    assert ScoreBatch.objects.filter(pk=batch.pk).update(ended_at=None, sent=2) == 1


def plain(rating: Rating) -> dict[str, Any]:
    return {
        "study": rating.study,
        "rating": rating,
        "scorer": "embedding",
        "version": VERSION,
        "task": ScoreTask.DETECTION,
        "digest": "d" * 64,
        "scored_at": NOW,
    }


def intruder(rating: Rating) -> dict[str, Any]:
    made = {**plain(rating), "latent": rating.latent}
    return {name: value for name, value in made.items() if name not in ("rating", "task")}
