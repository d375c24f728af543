"""A run is computed in steps: what has not changed is kept, what is cut short goes on, and nothing is half there."""

from typing import Any

import pytest

from annotation.actions.results import compute_results, computing, taking_steps
from annotation.actions.results.computing import AT_ONCE, advance
from annotation.actions.revising import revise_rating
from annotation.actions.sweeping import unfinished_studies
from annotation.enums import AuditVerb, ReleaseState
from annotation.models import (
    Agreement,
    AuditEvent,
    Consensus,
    LatentAgreement,
    Rating,
    Release,
    ResultInputs,
    ResultRun,
    ResultStep,
)
from annotation.queries.result_inputs import pack, read_inputs, unpack
from annotation.queries.results import freshness, newest_run
from annotation.rules.evidence import Marks
from tests import calibration_world
from tests.world import NOW, World, complete_form, rate_next


def rate_everything(world: World) -> None:
    for user in (world.ada, world.ben):
        while rate_next(world.study, user):
            pass


def computed(world: World) -> ResultRun:
    run = compute_results(study_id=world.study.pk, now=NOW)
    assert run is not None
    return run


def figures(run: ResultRun) -> dict[tuple[str, str, str], Any]:
    rows = Agreement.objects.filter(run=run)
    return {(row.item, row.scope, row.coefficient): (row.value, row.low, row.undefined_reason) for row in rows}


def revised(rating: Rating, **changes: Any) -> None:
    raw = complete_form(rating.study, **changes)
    revise_rating(rating=rating, raw=raw, marks=Marks(), reason="On second thoughts.", by=rating.rater, now=NOW)


def test_inputs_read_back_as_they_were_laid_down(db: None) -> None:
    world = calibration_world.calibrated()
    calibration_world.answer_set(world, world.ada)
    rate_next(world.study, world.ada, flags=["artefact"])
    inputs = read_inputs(world.study)
    assert inputs.records
    assert inputs.known.by_item
    assert unpack(pack(inputs)) == inputs


def test_a_slice_ends_and_the_next_one_goes_on_where_it_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rate_everything(world)
    slices = 0
    while advance(study_id=world.study.pk, now=NOW, seconds=0.0) == AT_ONCE:
        slices += 1
        assert newest_run(world.study) is None, "what is under way is nobody's results"
        assert unfinished_studies() == {world.study.pk}
    run = newest_run(world.study)
    assert run is not None
    assert slices == run.steps.count() - 1
    assert unfinished_studies() == set()
    assert not ResultInputs.objects.exists()
    in_one_go = figures(run)
    ResultStep.objects.all().delete()
    Agreement.objects.filter(run=run)._raw_delete("default")
    monkeypatch.setattr(computing, "METHOD", "another/method")
    monkeypatch.setattr("annotation.actions.results.laying_down.METHOD", "another/method")
    again = computed(world)
    assert again != run
    assert figures(again) == in_one_go


def test_ratings_that_come_in_meanwhile_belong_to_the_next_run(world: World) -> None:
    rate_next(world.study, world.ada)
    assert advance(study_id=world.study.pk, now=NOW, seconds=0.0) == AT_ONCE
    rate_next(world.study, world.ben)
    while (left := advance(study_id=world.study.pk, now=NOW, seconds=0.0)) == AT_ONCE:
        pass
    first = newest_run(world.study)
    assert first is not None
    assert first.ratings == 1
    assert left is not None, "there is more to compute, after a rest"
    assert computed(world).ratings == 2


def test_what_did_not_change_is_kept_and_gives_what_computing_it_would(world: World) -> None:
    rate_everything(world)
    first = computed(world)
    rating = Rating.objects.filter(rater=world.ada).earliest("pk")
    revised(rating, coherence=1)
    second = computed(world)
    assert second != first
    kept = set(second.steps.filter(kept_from__isnull=False, kind="consensus").values_list("item", flat=True))
    assert "concept" in kept
    assert "coherence" not in kept
    for table in (Consensus, LatentAgreement):
        rows = [
            set(table.objects.filter(run=run, item="concept").values_list("latent", "ratings"))
            for run in (first, second)
        ]
        assert rows[0] == rows[1] != set()
    before, after = figures(first), figures(second)
    assert {key for key in after if after[key] != before[key]} <= {key for key in after if key[0] == "coherence"}


def test_within_a_run_two_scopes_of_the_same_ratings_are_computed_once(world: World) -> None:
    rate_everything(world)
    run = computed(world)
    version = run.steps.get(kind="agreement", item="concept", part="version:1")
    assert version.kept_from == run
    found = figures(run)
    assert found["concept", "version:1", "alpha"] == found["concept", "all", "alpha"]


def test_a_step_that_fails_leaves_nothing_and_the_next_attempt_begins_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rate_everything(world)

    def broken(*_: Any) -> None:
        raise ArithmeticError("Two witnesses disagree.")

    with monkeypatch.context() as patch:
        patch.setitem(taking_steps.WORK, "latents", broken)  # type: ignore[arg-type]
        with pytest.raises(ArithmeticError):
            computed(world)
    assert not ResultRun.everything.exists()
    assert not Consensus.objects.exists()
    assert not ResultStep.objects.exists()
    assert computed(world).complete


def test_a_run_is_announced_once_when_it_is_complete(world: World) -> None:
    rate_everything(world)
    advance(study_id=world.study.pk, now=NOW, seconds=0.0)
    events = AuditEvent.objects.filter(study=world.study.pk, verb=AuditVerb.RESULTS_COMPUTED)
    assert not events.exists()
    computed(world)
    computed(world)
    assert events.count() == 1


def test_what_changes_nothing_makes_nothing_stale_for_long(world: World) -> None:
    rate_everything(world)
    run = computed(world)
    ResultRun.objects.update(seen={**run.seen, "reading": 99})
    assert freshness(world.study).stale
    assert computed(world) == run
    assert not freshness(world.study).stale


def test_old_rows_go_and_old_figures_stay(world: World) -> None:
    rate_everything(world)
    runs = [computed(world)]
    for coherence in (1, 2, 3):
        rating = Rating.objects.filter(rater=world.ada).latest("pk")
        revised(rating, coherence=coherence)
        runs.append(computed(world))
    assert [Consensus.objects.filter(run=run).exists() for run in runs] == [False, False, True, True]
    assert all(Agreement.objects.filter(run=run).exists() for run in runs)


def test_rows_that_a_release_names_are_kept(world: World) -> None:
    rate_everything(world)
    cited = computed(world)
    Release.objects.create(
        study=world.study,
        number=1,
        state=ReleaseState.READY,
        folder="releases/hearts/1",
        manifest={"results": {"input_digest": cited.input_digest}},
        requested_by=world.rosa,
        requested_at=NOW,
        cut_at=NOW,
    )
    for coherence in (1, 2, 3):
        revised(Rating.objects.filter(rater=world.ada).latest("pk"), coherence=coherence)
        computed(world)
    assert Consensus.objects.filter(run=cited).exists()
