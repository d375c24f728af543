"""Whatever results rest on, stale results are found, also where nobody says so."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from annotation.actions import audit
from annotation.actions.results import compute_results
from annotation.actions.sweeping import sweep
from annotation.models import Rating, ResultRun
from annotation.queries.results import freshness, stale_studies
from tests import world as worlds
from tests.world import NOW, World, rate_next

LONGEST = 60


def computed(world: World) -> ResultRun:
    run = compute_results(study_id=world.study.pk, now=NOW)
    assert run is not None
    return run


@pytest.mark.django_db(transaction=True)
def test_a_rating_stored_before_another_and_committed_after_it_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    world = worlds.build()
    stored, go_on, record = threading.Event(), threading.Event(), audit.record

    def slow_for_ada(*args: Any, by: Any, **facts: Any) -> Any:
        if by == world.ada and not stored.is_set():
            stored.set()
            assert go_on.wait(LONGEST)
        return record(*args, by=by, **facts)

    def rate() -> None:
        try:
            rate_next(world.study, world.ada, concept="troponin")
        finally:
            connection.close()

    monkeypatch.setattr("annotation.actions.rating.audit.record", slow_for_ada)
    ada = threading.Thread(target=rate)
    ada.start()
    assert stored.wait(LONGEST)
    rate_next(world.study, world.ben, concept="chest pain")
    assert computed(world).ratings == 1
    go_on.set()
    ada.join(LONGEST)
    first, second = Rating.objects.order_by("pk")
    assert (first.rater, second.rater) == (world.ada, world.ben), "hers has the smaller number and came in last"
    assert freshness(world.study).stale
    assert stale_studies() == [world.study.pk]
    assert computed(world).ratings == 2
    assert not freshness(world.study).stale


def test_results_of_an_earlier_way_of_computing_are_stale(
    world: World, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    rate_next(world.study, world.ada)
    computed(world)
    assert stale_studies() == []
    monkeypatch.setattr("annotation.queries.watermarks.METHOD", "another/way")
    assert stale_studies() == [world.study.pk]
    client.force_login(world.rosa)
    page = client.get(f"/studies/{world.study.slug}/agreement/").content.decode()
    assert "the way of computing is being taken in" in page


def test_another_way_of_computing_keeps_no_step_of_the_earlier_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in (world.ada, world.ben):
        rate_next(world.study, user)
    computed(world)
    monkeypatch.setattr("annotation.actions.results.laying_down.METHOD", "another/way")
    monkeypatch.setattr("annotation.actions.results.computing.METHOD", "another/way")
    for place in ("laid_answers", "taking_steps"):
        monkeypatch.setattr(f"annotation.actions.results.{place}.VERSION", "another")
    again = computed(world)
    assert set(again.steps.values_list("kind", flat=True)) == {"consensus", "agreement", "pairs", "latents"}
    assert set(again.steps.filter(kept_from__isnull=False).values_list("kept_from", flat=True)) <= {again.pk}


def test_one_duty_of_the_sweep_that_fails_keeps_none_of_the_others_from_being_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rate_next(world.study, world.ada)
    asked: list[int] = []

    def broken(*_: Any, **__: Any) -> Any:
        raise PermissionError("The folder of trials belongs to another user.")

    monkeypatch.setattr("annotation.gateway.old_trials", broken)
    monkeypatch.setattr("annotation.actions.sweeping.recompute_soon", lambda study_id: asked.append(study_id))
    with pytest.raises(ExceptionGroup) as told:
        sweep(now=NOW)
    assert told.group_contains(PermissionError)
    assert asked == [world.study.pk]
