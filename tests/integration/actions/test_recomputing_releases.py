"""A release proves itself: its own files give its agreement and consensus again, without the database."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from annotation.actions.releasing import request_release, write_release
from annotation.actions.results.laying_down import METHOD as COMPUTED_BY
from annotation.enums import ReleaseState
from annotation.export.recompute import recompute
from annotation.export.recompute.comparing import METHOD
from tests import calibration_world, concept_world, results_world, score_world
from tests import world as worlds
from tests.world import NOW, World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)


def cut(world: World) -> Path:
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=NOW + timedelta(minutes=1))
    release.refresh_from_db()
    assert release.state == ReleaseState.READY, release.failure
    return Path(settings.ARTIFACT_ROOT) / release.folder


def alter(folder: Path, table: str, column: str, new: object) -> None:
    """The column's values replaced by what `new` makes of them."""
    path = folder / f"{table}.parquet"
    found = pq.read_table(path)
    place = found.schema.get_field_index(column)
    assert callable(new)
    pq.write_table(found.set_column(place, found.schema.field(column), new(found.column(column))), path)


def test_both_go_by_the_same_name_of_the_method() -> None:
    assert METHOD == COMPUTED_BY


def test_six_raters_of_three_hospitals_with_merges_and_scores(transactional_db: None) -> None:
    world = results_world.rated_study(sample=12)
    concept_world.merge(world, "family history", "negation", reason="Nobody has it, neither way.")
    concept_world.place(world, "troponin", "chest pain")
    ratings = list(world.study.ratings.filter(outcome="answered").order_by("pk"))
    batch = score_world.batch_of(*ratings)
    for place, rating in enumerate(ratings):
        score_world.score(rating, (0.5, 0.75, 1.0)[place % 3], batch=batch)
    folder = cut(world)
    found = recompute(folder)
    assert found.problems == []
    assert found.numbers > 1000
    assert found.largest <= 1e-9
    scopes = set(pq.read_table(folder / "agreement.parquet").column("scope").to_pylist())
    assert {"all", "as-typed", "between-institutions", "institution:west", "round:1", "version:1"} <= scopes
    assert "hierarchy" in pq.read_table(folder / "agreement.parquet").column("level").to_pylist()
    assert pc.sum(pq.read_table(folder / "scores.parquet").column("used")).as_py() == len(ratings)


def test_calibration_counts_here_as_there(transactional_db: None) -> None:
    world = calibration_world.calibrated(sets=(1,))
    calibration_world.answer_set(world, world.ada)
    calibration_world.answer_set(world, world.ben, calibration_world.DIFFERS)
    while rate_next(world.study, world.ada) or rate_next(world.study, world.ben, coherence=2):
        pass
    folder = cut(world)
    assert recompute(folder).problems == []
    known = pq.read_table(folder / "reliability.parquet").column("calibration").to_pylist()
    assert max(known) == calibration_world.SIZE
    alter(folder, "references", "share", lambda share: pc.multiply(share, 0.5))
    assert any(problem.startswith("reliability") for problem in recompute(folder).problems)


def test_the_command_needs_no_settings_and_takes_the_zip(transactional_db: None, tmp_path: Path) -> None:
    world = worlds.build()
    for rater in (world.ada, world.ben):
        while rate_next(world.study, rater):
            pass
    folder = cut(world)
    (archive,) = folder.glob("*.zip")
    ran = subprocess.run(
        [sys.executable, "-m", "annotation.export", "verify", str(archive), "--recompute"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin"},
    )
    assert ran.returncode == 0, ran.stderr
    assert "This release is intact" in ran.stdout
    assert "Its own ratings give the same agreement and consensus" in ran.stdout


def test_a_release_whose_ratings_say_something_else_is_told(transactional_db: None) -> None:
    world = worlds.build()
    for rater in (world.ada, world.ben):
        while rate_next(world.study, rater):
            pass
    folder = cut(world)
    alter(folder, "ratings", "outcome", lambda said: pa.array(["cannot-tell", *said.to_pylist()[1:]]))
    problems = recompute(folder).problems
    assert any(problem.startswith("distributions") and "its own ratings give" in problem for problem in problems)
    assert any(problem.startswith("agreement") for problem in problems)


def test_latents_that_came_back_are_read_in_the_same_order(transactional_db: None) -> None:
    world = worlds.build(retest_share=1.0)
    for rater in (world.ada, world.ben):
        while rate_next(world.study, rater, concept="troponin"):
            pass
    turn = 0
    due = NOW + timedelta(hours=168)
    while rate_next(world.study, world.ada, now=due, concept=("chest pain", "troponin")[turn % 2]):
        turn += 1
    assert turn == 6
    folder = cut(world)
    assert recompute(folder).problems == []
    assert "retest" in pq.read_table(folder / "agreement.parquet").column("scope").to_pylist()
