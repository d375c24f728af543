"""Automatic scores beside people's, each under its own name; only the current version of a scorer in use counts."""

import pytest

from annotation.actions.results import compute_results
from annotation.enums import Scorer, ScoreTask
from annotation.models import Rating, ResultRun
from annotation.queries.learnability_scores import READER, learnability_scores, scores_taken
from annotation.queries.results import freshness
from annotation.science.types import LearnabilityScore
from tests.reading_world import ReadWorld, asked, read_next
from tests.score_world import batch_of, score
from tests.world import NOW, World


@pytest.fixture
def read(world: World) -> ReadWorld:
    return asked(world)


def test_people_and_programs_score_one_rationale_each_under_their_name(read: ReadWorld) -> None:
    reading = read_next(read.world.study, read.eva)
    assert reading is not None
    score(reading.rating, 0.75, batch=batch_of(reading.rating))
    assert learnability_scores(read.world.study) == {
        reading.rating_id: (LearnabilityScore("embedding", 0.75), LearnabilityScore(READER, 1.0))
    }


def test_a_newer_version_and_a_study_s_choice_decide_which_scores_count(read: ReadWorld) -> None:
    study, rating = read.world.study, Rating.objects.order_by("pk")[0]
    score(rating, 0.75, batch=batch_of(rating))
    score(rating, 0.9, batch=batch_of(rating, scorer=Scorer.JUDGE, version="judge-1"))
    score(rating, 0.2, batch=batch_of(rating, version="embedding-2"))
    assert learnability_scores(study) == {rating.pk: (LearnabilityScore("embedding", 0.2),)}
    study.scorers = [Scorer.JUDGE]
    assert learnability_scores(study) == {rating.pk: (LearnabilityScore("judge", 0.9),)}
    study.scorers = []
    assert learnability_scores(study) == {}


def test_fuzzing_and_undefined_scores_weigh_nothing(read: ReadWorld) -> None:
    rating = Rating.objects.order_by("pk")[0]
    score(rating, 0.75, batch=batch_of(rating), task=ScoreTask.FUZZING)
    assert learnability_scores(read.world.study) == {}
    assert scores_taken(read.world.study).automatic == 0


def test_a_new_score_makes_results_stale_and_is_taken_in(read: ReadWorld) -> None:
    study, ratings = read.world.study, list(Rating.objects.order_by("pk")[:2])
    score(ratings[0], 0.75, batch=batch_of(*ratings))
    before = compute_results(study_id=study.pk, now=NOW)
    assert before is not None
    assert not freshness(study).stale
    score(ratings[1], 0.5, batch=ratings[1].study.score_batches.get())
    assert freshness(study).stale
    after = compute_results(study_id=study.pk, now=NOW)
    assert after is not None
    assert after.input_digest != before.input_digest
    assert not freshness(study).stale
    assert compute_results(study_id=study.pk, now=NOW) == after
    assert ResultRun.objects.count() == 2
