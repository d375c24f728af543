"""What calibration and readings are to results: a rater's prior, a rationale's learnability, and nothing else."""

import csv
from pathlib import Path

import pytest
from django.conf import settings

from annotation.actions.asking_readings import ask_readings
from annotation.actions.releasing import request_release, write_release
from annotation.actions.results import compute_results
from annotation.models import Agreement, Consensus, Membership, RaterReliability, Rating, ReadingSlot, Release
from annotation.queries.calibration_answers import calibration_answers
from annotation.queries.learnability_scores import READER, learnability_scores
from annotation.queries.rating_records import answers_for, current_ratings
from annotation.queries.results import freshness, stale_studies
from annotation.science.types import LearnabilityScore
from tests import calibration_world, reading_world
from tests import world as worlds
from tests.calibration_world import DIFFERS, answer_set, membership, of_set
from tests.reading_world import ReadWorld, add_held_out, read_next
from tests.world import NOW, World, pseudonym, rate_next


@pytest.fixture
def calibrated(db: None) -> World:
    """Ada answered as the panel does; Ben differed in the first set and came round in the second."""
    world = calibration_world.calibrated()
    answer_set(world, world.ada)
    answer_set(world, world.ben, DIFFERS)
    answer_set(world, world.ben)
    return world


def rate_everything(world: World) -> None:
    for user in (world.ada, world.ben):
        while rate_next(world.study, user):
            pass


def test_calibration_alone_gives_nothing_to_compute(calibrated: World) -> None:
    assert compute_results(study_id=calibrated.study.pk, now=NOW) is None
    assert not freshness(calibrated.study).stale
    assert stale_studies() == []


def test_answers_to_calibration_enter_neither_agreement_nor_consensus(calibrated: World) -> None:
    rate_everything(calibrated)
    run = compute_results(study_id=calibrated.study.pk, now=NOW)
    assert run is not None
    assert (run.ratings, run.latents) == (8, 4)
    assert set(Consensus.objects.filter(run=run).values_list("latent__calibration_set", flat=True)) == {None}
    assert set(Agreement.objects.filter(run=run, item="concept", scope="all").values_list("ratings", flat=True)) == {8}
    assert not freshness(calibrated.study).stale
    assert stale_studies() == []


def test_the_first_answers_of_every_set_move_the_prior(calibrated: World) -> None:
    rate_everything(calibrated)
    run = compute_results(study_id=calibrated.study.pk, now=NOW)
    priors = dict(RaterReliability.objects.filter(run=run, item="concept").values_list("pseudonym", "mean"))
    ada, ben = (priors[pseudonym(calibrated.study, user)] for user in (calibrated.ada, calibrated.ben))
    assert ada > 4 / 6 > ben, "the prior without calibration has the mean of Beta(4, 2)"


def test_known_answers_hold_the_reference_s_share_and_the_number_of_classes(calibrated: World) -> None:
    known = calibration_answers(calibrated.study, {})
    assert known.ratings == 9
    ada = [one for one in known.by_item["concept"] if one.rater == pseudonym(calibrated.study, calibrated.ada)]
    assert [(one.reference_share, one.n_classes) for one in ada] == [(0.8, 3)] * 3
    ben = [one for one in known.by_item["category"] if one.rater == pseudonym(calibrated.study, calibrated.ben)]
    assert sorted(one.reference_share for one in ben) == [0, 0, 0, 0.5, 0.5, 0.5]
    assert {one.n_classes for one in ben} == {10}
    assert "confidence" not in known.by_item


def test_cannot_tell_is_missing_and_not_wrong(db: None) -> None:
    world = calibration_world.calibrated()
    answer_set(world, world.ada, {"outcome": "cannot-tell"})
    assert calibration_answers(world.study, {}).by_item == {}


def test_what_a_rater_took_away_is_known_no_more(calibrated: World) -> None:
    Membership.objects.filter(pk=membership(calibrated, calibrated.ben).pk).update(
        withdrawn_at=NOW, ratings_withheld=True
    )
    known = calibration_answers(calibrated.study, {})
    assert {one.rater for one in known.by_item["concept"]} == {pseudonym(calibrated.study, calibrated.ada)}


@pytest.fixture
def read(world: World) -> ReadWorld:
    return reading_world.asked(world)


def test_the_mean_of_a_rationale_s_readings_is_its_learnability(read: ReadWorld) -> None:
    study = read.world.study
    first = read_next(study, read.eva)
    second = read_next(study, read.eva, always=True)
    assert first is not None
    assert second is not None
    scores = learnability_scores(study)
    assert scores == {
        first.rating_id: (LearnabilityScore(READER, 1.0),),
        second.rating_id: (LearnabilityScore(READER, 0.5),),
    }
    records = current_ratings(study, scores=scores)
    concept, category = (study.rubric.items.get(key=key) for key in ("concept", "category"))
    scored = [answer for answer in answers_for(concept, records) if answer.scores]
    assert sorted((score.value, score.scorer) for answer in scored for score in answer.scores) == [
        (0.5, READER),
        (1.0, READER),
    ]
    assert not any(answer.scores for answer in answers_for(category, records))


def test_a_new_reading_makes_results_stale_and_is_taken_in(read: ReadWorld) -> None:
    study = read.world.study
    before = compute_results(study_id=study.pk, now=NOW)
    assert not freshness(study).stale
    read_next(study, read.eva)
    assert freshness(study).readings == 1
    after = compute_results(study_id=study.pk, now=NOW)
    assert after is not None
    assert before is not None
    assert after.input_digest != before.input_digest
    assert after.parameters["readings"] == 1
    assert not freshness(study).stale
    assert compute_results(study_id=study.pk, now=NOW) == after


def test_readings_of_calibration_rationales_calibrate_the_scorer(db: None) -> None:
    world = calibration_world.calibrated()
    answer_set(world, world.ada)
    answer_set(world, world.ben, DIFFERS)
    answer_set(world, world.ben)
    for latent in of_set(world.study, 2):
        add_held_out(latent.latent)
    world.study.reading_share = 1.0
    world.study.save()
    ask_readings(study=world.study, by=world.rosa, now=NOW)
    read_next(world.study, world.ada)
    known = calibration_answers(world.study, learnability_scores(world.study))
    scored = [one for one in known.by_item["concept"] if one.scores]
    assert [(one.scores, one.reference_share) for one in scored] == [((LearnabilityScore(READER, 1.0),), 0.8)]


def read_csv(release: Release, table: str) -> list[dict[str, str]]:
    folder = Path(settings.ARTIFACT_ROOT) / release.folder
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.django_db(transaction=True)
def test_a_release_holds_references_readings_and_judgements_by_pseudonym(transactional_db: None) -> None:
    world = calibration_world.calibrated()
    answer_set(world, world.ada)
    answer_set(world, world.ben, DIFFERS)
    answer_set(world, world.ben)
    rate_everything(world)
    for latent in of_set(world.study, 2):
        add_held_out(latent.latent)
    world.study.reading_share = 1.0
    world.study.save()
    ask_readings(study=world.study, by=world.rosa, now=NOW)
    reading = read_next(world.study, world.ada, always=True)
    assert reading is not None
    release = _cut(world)
    references = read_csv(release, "references")
    assert len(references) == 6 * 7
    assert {row["set_by"] for row in references} == {pseudonym(world.study, world.cora)}
    first = next(row for row in references if row["item"] == "concept" and row["answer"] == "Chest pain")
    assert (first["share"], first["rationale"], first["clause"]) == ("0.8", "All point to the chest.", "As narrow.")
    (row,) = read_csv(release, "readings")
    ada, ben = (pseudonym(world.study, user) for user in (world.ada, world.ben))
    assert (row["reader"], row["rater"], row["institution"], row["balanced_accuracy"]) == (ada, ben, "north", "0.5")
    assert [row[name] for name in ("firing", "firing_found", "silent", "silent_found")] == ["10", "10", "10", "0"]
    judgements = read_csv(release, "judgements")
    assert [judgement["place"] for judgement in judgements] == [str(place) for place in range(1, 21)]
    assert {judgement["said_fires"] for judgement in judgements} == {"true"}
    assert sum(judgement["fires"] == "true" for judgement in judgements) == 10
    sets = [row["calibration_set"] for row in read_csv(release, "latents")]
    assert sorted(sets) == [""] * 4 + ["1"] * 3 + ["2"] * 3
    ratings = read_csv(release, "ratings")
    assert len(ratings) == Rating.objects.count() == 9 + 8
    assert {row["current"] for row in ratings if row["round_kind"] == "calibration"} == {"false"}
    held = "".join(path.read_text() for path in (Path(settings.ARTIFACT_ROOT) / release.folder).glob("*.jsonl"))
    for name in ("Ada", "Ben", "Cora", "hospital.example"):
        assert name not in held


def _cut(world: World) -> Release:
    reading_world.settle(world.study)
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=NOW)
    release.refresh_from_db()
    assert release.state == "ready", release.failure
    return release


@pytest.mark.django_db(transaction=True)
def test_the_readings_of_who_took_hers_away_leave_the_release(transactional_db: None) -> None:
    read = reading_world.asked(worlds.build())
    study = read.world.study
    read_next(study, read.eva)
    assert len(read_csv(_cut(read.world), "readings")) == 1
    Membership.objects.filter(study=study, user=read.eva).update(withdrawn_at=NOW, ratings_withheld=True)
    release = _cut(read.world)
    assert read_csv(release, "readings") == read_csv(release, "judgements") == []
    assert learnability_scores(study) == {}
    assert ReadingSlot.objects.filter(reader=read.eva).count() == 1
