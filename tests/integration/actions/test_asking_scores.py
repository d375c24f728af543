"""Rationales are judged by programs without a click: asked once, answered once, again where something was lost."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from annotation import gateway
from annotation.actions import asking_scores
from annotation.actions.asking_scores import ask_again, ask_for_scores, sweep_scores
from annotation.actions.study_settings import change_study
from annotation.actions.taking_in_scores import note_scores_ended
from annotation.enums import Scorer, ScoreTask, SnippetKind
from annotation.models import IntruderScore, Rating, RationaleScore, ScoreBatch, Snippet, SnippetReport, Study
from annotation.queries.learnability_scores import learnability_scores
from annotation.queries.scoring_progress import scoring_progress
from annotation.rules.refusal import Refused
from saeserve import contract
from tests.reading_world import ReadWorld, add_held_out, build
from tests.score_world import answer, asked_of, fail
from tests.world import NOW, World, rate_next, unknown_token

Sent = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def rated(world: World) -> ReadWorld:
    """Twelve rationales of six latents, with fifteen held-out snippets that fire and more that do not."""
    return build(world)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> Sent:
    """What went to the queues."""
    found: Sent = []
    monkeypatch.setattr(asking_scores, "enqueue", lambda name, **ids: found.append((name, ids)))
    monkeypatch.setattr(asking_scores, "enqueue_soon", lambda name, **ids: found.append((name, ids)))
    return found


def ask(study: Study) -> list[ScoreBatch]:
    return ask_for_scores(study_id=study.pk, now=NOW)


def take_in(batch: ScoreBatch) -> None:
    note_scores_ended(digest=batch.digest, now=NOW)


def test_all_rationales_are_asked_about_once_in_a_message_without_text(rated: ReadWorld, sent: Sent) -> None:
    (batch,) = ask(rated.world.study)
    assert sorted(batch.ratings) == sorted(Rating.objects.values_list("pk", flat=True))
    ((name, ids),) = sent
    assert (name, ids["digest"], ids["queue"]) == (contract.SCORE_TASK, batch.digest, contract.GPU_QUEUE)
    assert ask(rated.world.study) == []
    stored = (settings.ARTIFACT_ROOT / "scores" / batch.digest / contract.QUESTION_FILE).read_bytes()
    assert b"Because of Ada" not in stored


def test_the_question_holds_words_and_held_out_snippets_and_no_truth(rated: ReadWorld) -> None:
    (batch,) = ask(rated.world.study)
    request = asked_of(batch)
    held = {one.pk: one for one in Snippet.objects.filter(kind__startswith="held-out").select_related("document")}
    assert len(request.detection) == 12
    for trial in request.detection:
        rating = Rating.objects.get(pk=trial["trial"])
        assert trial["label"] == rating.concept_written
        assert trial["rationale"] == rating.rationale
        shown = [one["id"] for one in trial["snippets"]]
        assert {held[pk].latent_id for pk in shown} == {rating.latent.latent_id}
        assert sum(held[pk].kind == SnippetKind.HELD_OUT for pk in shown) == len(shown) / 2 >= 10
        for one in trial["snippets"]:
            snippet = held[one["id"]]
            assert set(one) == {"id", "text"}
            assert one["text"] == snippet.document.text[snippet.start : snippet.end].rstrip()
    of_one_latent = [t["snippets"] for t in request.detection if t["trial"] in _of_a_latent()]
    assert of_one_latent[0] == of_one_latent[1], "its raters are judged on the same snippets"
    assert {trial["trial"].split("-")[0] for trial in request.intruder} == {
        str(pk) for pk in rated.world.study.sample.values_list("pk", flat=True)
    }


def _of_a_latent() -> set[int]:
    first = Rating.objects.order_by("pk")[0]
    return set(Rating.objects.filter(latent=first.latent_id).values_list("pk", flat=True))


def test_an_answer_becomes_a_score_a_rating_and_the_question_is_deleted(
    rated: ReadWorld, sent: Sent, django_capture_on_commit_callbacks: Any
) -> None:
    study = rated.world.study
    (batch,) = ask(study)
    answer(batch, right=0.8)
    with django_capture_on_commit_callbacks(execute=True):
        take_in(batch)
        take_in(batch)
    scores = RationaleScore.objects.filter(task=ScoreTask.DETECTION)
    assert {score.value for score in scores} == {0.8}
    assert scores.count() == 12
    assert {score.model for score in scores} == {"small model 0123"}
    assert all(score.version.startswith("embedding-1/") for score in scores)
    assert {score.auroc for score in scores} == {0.8}
    assert IntruderScore.objects.count() == 6
    assert {one.value for one in IntruderScore.objects.all()} == {1.0}
    assert set(learnability_scores(study)) == set(batch.ratings)
    assert not (settings.ARTIFACT_ROOT / "scores" / batch.digest).exists()
    assert ask(study) == []
    (progress,) = scoring_progress(study)
    assert (progress.done, progress.total, progress.waiting, progress.under_way) == (12, 12, 0, False)


def test_fuzzing_trials_are_scored_by_whether_the_marks_are_right(rated: ReadWorld) -> None:
    for snippet in Snippet.objects.filter(kind=SnippetKind.HELD_OUT, rank__lt=100):
        assert snippet.tokens
    (batch,) = ask(rated.world.study)
    assert asked_of(batch).fuzzing, "the world's own held-out snippets say on which words the latent fires"
    answer(batch)
    take_in(batch)
    fuzzed = RationaleScore.objects.filter(task=ScoreTask.FUZZING)
    assert {score.value for score in fuzzed} == {1.0}
    row = fuzzed[0].judgements[0]
    assert set(row) == {"snippet", "said", "number", "marks", "right"}


def test_a_new_rating_is_asked_about_alone(rated: ReadWorld) -> None:
    study = rated.world.study
    answer_all(study)
    rating = _rate_once_more(rated)
    (batch,) = ask(study)
    assert batch.ratings == [rating.pk]
    assert asked_of(batch).intruder == [], "the latent itself is known already"


def answer_all(study: Study, **how: Any) -> None:
    for batch in ask(study):
        answer(batch, **how)
        take_in(batch)


def _rate_once_more(rated: ReadWorld) -> Rating:
    """By a revision of Ada's newest."""
    row = Rating.objects.filter(rater=rated.world.ada).latest("pk")
    row.pk, row.submit_token, row.revision = None, unknown_token(), 2
    row.reason, row.rationale = "Thought again.", "Another story."
    row.save(force_insert=True)
    return row


def test_an_incomplete_answer_has_no_value_and_says_why(rated: ReadWorld) -> None:
    (batch,) = ask(rated.world.study)
    answer(batch, leaves_out=3)
    take_in(batch)
    stored = RationaleScore.objects.filter(task=ScoreTask.DETECTION)
    assert {score.undefined_reason for score in stored} == {
        "The scorer judged 27 of 30 snippets and left the others out."
    }
    assert learnability_scores(rated.world.study) == {}


def test_latents_with_few_snippets_are_not_asked_about_and_say_why(world: World) -> None:
    rating = rate_next(world.study, world.ada)
    assert rating is not None
    assert ask(world.study) == []
    score = RationaleScore.objects.get()
    assert "needs 10 held-out snippets that fire and 10 that do not; there are 3 and 6" in score.undefined_reason
    assert ask(world.study) == []
    (progress,) = scoring_progress(world.study)
    assert (progress.done, progress.undefined, progress.under_way) == (1, 1, False)
    assert "there are 3 and 6" in progress.reason


def test_a_snippet_hidden_for_now_settles_nothing(world: World) -> None:
    rating = rate_next(world.study, world.ada)
    assert rating is not None
    add_held_out(rating.latent.latent, firing=7, silent=4)
    held = Snippet.objects.filter(latent=rating.latent.latent_id, kind=SnippetKind.HELD_OUT).first()
    assert held is not None
    SnippetReport.objects.create(study=world.study, snippet=held, reported_by=world.ada, reported_at=NOW)
    assert ask(world.study) == []
    assert not RationaleScore.objects.exists()
    SnippetReport.objects.update(state="shown-again", decided_by=world.nora, decided_at=NOW)
    assert len(ask(world.study)) == 1


def test_a_failure_is_shown_and_asked_again_on_a_click(rated: ReadWorld) -> None:
    study, world = rated.world.study, rated.world
    (batch,) = ask(study)
    fail(batch, "There is no embedding model on the worker. Install it.")
    take_in(batch)
    (progress,) = scoring_progress(study)
    assert progress.failure == "There is no embedding model on the worker. Install it."
    assert not progress.under_way
    assert ask(study) == [], "what failed is not asked again by itself"
    with pytest.raises(Refused):
        ask_again(study=study, by=world.ada, now=NOW)
    assert ask_again(study=study, by=world.rosa, now=NOW) == 12
    (again,) = ask(study)
    assert again.pk == batch.pk
    answer(again)
    take_in(again)
    assert len(learnability_scores(study)) == 12


def test_an_answer_that_came_unheard_is_taken_in_and_a_silent_batch_is_sent_again(rated: ReadWorld, sent: Sent) -> None:
    (batch,) = ask(rated.world.study)
    sent.clear()
    sweep_scores(now=NOW + timedelta(minutes=9))
    assert sent == []
    sweep_scores(now=NOW + timedelta(minutes=11))
    assert [name for name, _ in sent] == [contract.SCORE_TASK]
    sent.clear()
    sweep_scores(now=NOW + timedelta(minutes=22))
    assert sent == [], "a second time it is waited for twice as long"
    answer(batch)
    sweep_scores(now=NOW + timedelta(minutes=22))
    assert [name for name, _ in sent] == [contract.SCORES_ENDED_TASK]


def test_a_question_that_was_lost_with_its_disk_is_asked_anew(rated: ReadWorld, sent: Sent) -> None:
    study = rated.world.study
    (batch,) = ask(study)
    gateway.forget_scores(settings.ARTIFACT_ROOT, batch.digest)
    sweep_scores(now=NOW + timedelta(minutes=11))
    assert [name for name, _ in sent][-1] == asking_scores.TASK
    (again,) = ask(study)
    assert again.pk == batch.pk
    assert asked_of(again).digest == batch.digest


def test_another_model_judges_all_anew_and_its_scores_never_mix_with_the_old(rated: ReadWorld) -> None:
    study = rated.world.study
    answer_all(study, right=0.5)
    rating = _rate_once_more(rated)
    answer_all(study, right=1.0, model="larger model 4567")
    assert [one.value for one in learnability_scores(study)[rating.pk]] == [1.0]
    assert set(learnability_scores(study)) == {rating.pk}
    answer_all(study, right=1.0, model="larger model 4567")
    assert {one.value for scores in learnability_scores(study).values() for one in scores} == {1.0}
    assert ask(study) == []


def test_a_study_that_uses_no_program_asks_none(rated: ReadWorld, sent: Sent) -> None:
    study, world = rated.world.study, rated.world
    change_study(study=study, settings={"scorers": []}, by=world.rosa, now=NOW)
    assert ask(study) == []
    study.refresh_from_db()
    assert scoring_progress(study) == ()
    change_study(study=study, settings={"scorers": [Scorer.JUDGE]}, by=world.rosa, now=NOW)
    batches = ask(study)
    assert [len(batch.ratings) for batch in batches] == [10, 2]
    assert {batch.scorer for batch in batches} == {"judge"}
    assert all(not asked_of(batch).intruder for batch in batches)


def test_a_program_that_is_switched_off_is_not_given_what_still_waits(rated: ReadWorld, sent: Sent) -> None:
    study = rated.world.study
    (batch,) = ask(study)
    folder = settings.ARTIFACT_ROOT / "scores" / batch.digest
    assert folder.exists()
    Study.objects.filter(pk=study.pk).update(scorers=[])
    sent.clear()
    sweep_scores(now=NOW + timedelta(days=1))
    assert sent == [(asking_scores.TASK, {"study_id": study.pk})], "not put on the gpu queue again"
    assert ask(Study.objects.get(pk=study.pk)) == []
    assert not folder.exists()
    batch.refresh_from_db()
    assert (batch.ended_at, batch.failure) == (NOW, "")
    Study.objects.filter(pk=study.pk).update(scorers=study.scorers)
    assert [again.digest for again in ask(study)] == [batch.digest], "switched on again, it is asked again"


def test_many_rationales_wait_in_the_database_not_on_the_queue(
    rated: ReadWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = rated.world.study
    monkeypatch.setitem(asking_scores.BATCH, Scorer.EMBEDDING, 2)
    first = ask(study)
    assert len(first) == asking_scores.AT_ONCE
    assert ask(study) == []
    answer(first[0])
    take_in(first[0])
    assert len(ask(study)) == 1


def test_what_cannot_be_read_is_a_failure_with_a_sentence(rated: ReadWorld) -> None:
    (batch,) = ask(rated.world.study)
    folder = settings.ARTIFACT_ROOT / "scores" / batch.digest
    (folder / contract.SCORES_FILE).write_text(json.dumps({"version": 99}))
    take_in(batch)
    batch.refresh_from_db()
    assert batch.failure.startswith("What the scorer answered cannot be read.")
