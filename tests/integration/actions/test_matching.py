"""Two finished runs of one model on one corpus are matched, once, whoever hears of it first."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from annotation.actions.matching import TRIES, note_match_ended
from annotation.actions.mining import request_run
from annotation.actions.sweeping import sweep_pairs
from annotation.actions.taking_in import note_run_ended
from annotation.models import LatentMatch, MiningRun, RunPair
from saeserve import contract
from tests import broker
from tests.world import NOW, World, match, second_run, write_matches, write_run

pytestmark = pytest.mark.django_db
Committed = Callable[..., Any]
LATER = NOW + timedelta(minutes=11)


@pytest.fixture(autouse=True)
def _queue_and_artifacts_of_its_own(tmp_path: Path, settings: Settings) -> Iterator[None]:
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"
    broker.empty()
    yield
    broker.empty()


def run_of(world: World) -> MiningRun:
    assert world.study.run is not None
    return world.study.run


def asked() -> list[dict[str, Any]]:
    return [message.keywords for message in broker.waiting() if message.task == contract.MATCH_TASK]


def test_the_second_finished_run_is_matched_with_the_first(
    before_round: World, django_capture_on_commit_callbacks: Committed
) -> None:
    first = run_of(before_round)
    with django_capture_on_commit_callbacks(execute=True):
        second = second_run(first)
    assert asked() == [{"run": first.digest, "other": second.digest}]
    pair = RunPair.objects.get()
    assert (pair.run, pair.other, pair.ended_at) == (first, second, None)


def test_two_runs_of_one_sae_are_not_matched(before_round: World) -> None:
    first = run_of(before_round)
    again = request_run(sae=first.sae, corpus=first.corpus, by=None, now=NOW, seed=3)
    write_run(again, 12)
    note_run_ended(digest=again.digest, now=NOW)
    assert not RunPair.objects.exists()


def test_runs_of_two_revisions_of_a_model_are_not_matched(before_round: World) -> None:
    second_run(run_of(before_round), model_revision="c" * 64)
    assert not RunPair.objects.exists()


def test_matches_come_in_both_ways_and_once(before_round: World) -> None:
    first = run_of(before_round)
    second = second_run(first)
    match(first, second, [(0, 7, 0.71), (0, 8, 0.55), (1, 9, None)])
    found = LatentMatch.objects.filter(latent__run=first).order_by("latent__index", "rank")
    rows = list(found.values_list("latent__index", "other__index", "rank", "correlation"))
    assert rows == [(0, 7, 0, 0.71), (0, 8, 1, 0.55), (1, 9, 0, None)]
    assert LatentMatch.objects.filter(latent__run=second).count() == 3
    assert note_match_ended(run=second.digest, other=first.digest, now=LATER) is not None
    assert LatentMatch.objects.count() == 6


def test_half_an_answer_and_an_unknown_pair_change_nothing(before_round: World) -> None:
    first = run_of(before_round)
    second = second_run(first)
    assert note_match_ended(run=first.digest, other=second.digest, now=NOW) is None
    assert note_match_ended(run="a" * 64, other="b" * 64, now=NOW) is None
    assert not LatentMatch.objects.exists()


def test_the_sweep_asks_again_for_a_silent_pair_and_not_for_ever(
    before_round: World, django_capture_on_commit_callbacks: Committed
) -> None:
    second_run(run_of(before_round))
    broker.empty()
    for turn in range(TRIES + 2):
        with django_capture_on_commit_callbacks(execute=True):
            sweep_pairs(now=LATER + timedelta(hours=turn))
    assert len(asked()) == TRIES - 1


def test_the_sweep_takes_in_what_arrived_unheard(
    before_round: World, django_capture_on_commit_callbacks: Committed
) -> None:
    first = run_of(before_round)
    second = second_run(first)
    write_matches(first, second, [(0, 0, 0.5)])
    broker.empty("web")
    with django_capture_on_commit_callbacks(execute=True):
        sweep_pairs(now=NOW)
    assert [message.task for message in broker.waiting("web")] == [contract.MATCH_ENDED_TASK]
    broker.empty("web")
