"""From ratings to agreement, consensus, more raters, cases: by itself, and the same the second time."""

import pytest

from annotation.actions.claiming import claim
from annotation.actions.follow_up import follow_up
from annotation.actions.results import compute_results
from annotation.enums import LatentState, RoundKind
from annotation.models import Agreement, Case, Consensus, ResultRun, Slot
from annotation.queries.results import stale_studies
from tests.world import NOW, World, add_rater, rate_next


def rate_everything(world: World) -> None:
    """Ada and Ben agree on all six latents but the first two."""
    for name in ("ada", "ben"):
        user = getattr(world, name)
        while slot := claim(study=world.study, by=user, now=NOW):
            contested = slot.latent.position <= 2
            rate_next(
                world.study,
                user,
                concept=f"{name}'s idea" if contested else "chest pain",
                category="medication" if name == "ben" and contested else "finding",
                coherence=3 + slot.latent.position % 2,
            )


def test_nothing_is_computed_before_anyone_has_rated(world: World) -> None:
    assert compute_results(study_id=world.study.pk, now=NOW) is None
    follow_up(study_id=world.study.pk, now=NOW)
    assert not ResultRun.objects.exists()


def test_the_same_ratings_are_computed_once(world: World) -> None:
    rate_everything(world)
    assert stale_studies() == [world.study.pk]
    first = compute_results(study_id=world.study.pk, now=NOW)
    again = compute_results(study_id=world.study.pk, now=NOW)
    assert first == again
    assert stale_studies() == []
    assert ResultRun.objects.get().ratings == 12


def test_each_item_has_its_coefficients_or_a_reason(world: World) -> None:
    rate_everything(world)
    run = compute_results(study_id=world.study.pk, now=NOW)
    found = {(row.item, row.coefficient): row for row in Agreement.objects.filter(run=run)}
    concept = found["concept", "alpha"]
    assert concept.value is not None
    assert 0 < concept.value < 1
    assert (concept.low, concept.high) == (None, None)
    assert concept.interval_reason, "six latents are too few for a bootstrap interval, and it says so"
    assert (concept.units, concept.ratings, concept.raters) == (6, 12, 2)
    assert found["coherence", "ac2"].level == "ordinal"
    assert found["confidence", "alpha"].value is None
    assert found["confidence", "alpha"].undefined_reason.endswith(".")


def test_consensus_stands_beside_majority_vote_and_dawid_skene(world: World) -> None:
    rate_everything(world)
    run = compute_results(study_id=world.study.pk, now=NOW)
    agreed = Consensus.objects.filter(run=run, item="concept", majority=["chest pain"]).first()
    assert agreed is not None
    assert sum(agreed.q) == pytest.approx(1)
    assert sum(agreed.theta) == pytest.approx(1)
    assert agreed.dawid_skene is not None
    tied = [row for row in Consensus.objects.filter(run=run, item="concept") if len(row.majority) == 2]
    assert len(tied) == 2


def test_a_complete_latent_that_is_not_settled_asks_two_more_raters(world: World) -> None:
    rate_everything(world)
    compute_results(study_id=world.study.pk, now=NOW)
    follow_up(study_id=world.study.pk, now=NOW)
    states = set(world.study.sample.values_list("state", flat=True))
    assert states == {LatentState.AMBIGUOUS}, "two raters are fewer than the 2.5 that acceptance needs"
    extra = world.study.rounds.get(kind=RoundKind.EXTRA)
    assert extra.slots.count() == 12
    assert set(extra.concepts.values_list("name", flat=True)) == {
        "chest pain",
        "troponin",
        "negation",
        "family history",
    }


def test_following_up_twice_changes_nothing(world: World) -> None:
    rate_everything(world)
    compute_results(study_id=world.study.pk, now=NOW)
    follow_up(study_id=world.study.pk, now=NOW)
    slots = Slot.objects.count()
    follow_up(study_id=world.study.pk, now=NOW)
    assert Slot.objects.count() == slots


def test_lasting_disagreement_becomes_a_case_only_after_two_extra_rounds(world: World) -> None:
    rate_everything(world)
    others = [add_rater(world, f"more-{n}", world.north if n % 2 else world.south) for n in range(4)]
    for extra in (1, 2):
        compute_results(study_id=world.study.pk, now=NOW)
        follow_up(study_id=world.study.pk, now=NOW)
        assert not Case.objects.exists()
        for user in others:
            turn = 0
            while rate_next(world.study, user, concept=f"{user.name} {extra} {turn}"):
                turn += 1
    compute_results(study_id=world.study.pk, now=NOW)
    follow_up(study_id=world.study.pk, now=NOW)
    persistent = world.study.sample.filter(state=LatentState.PERSISTENT)
    assert persistent.exists()
    assert Case.objects.count() == persistent.count()
    assert all(latent.state_reason for latent in persistent)
