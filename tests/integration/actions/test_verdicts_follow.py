"""Verdicts follow what they rest on: other thresholds without any computation, and whoever joins meanwhile."""

from datetime import timedelta

import pytest

from annotation.actions.follow_up import follow_up
from annotation.actions.people import add_member
from annotation.actions.results import compute_results, compute_sensitivity
from annotation.actions.rounds import close_round
from annotation.actions.sweeping import unexplored_studies, unjudged_studies
from annotation.enums import LatentState, Role, RoundKind, RoundState
from annotation.models import Institution, Membership, ResultRun, ResultStep, Slot
from annotation.queries.newcomers import newcomers, studies_with_newcomers
from tests.world import NOW, World, add_rater, person, rate_next

LATER = NOW + timedelta(days=1)


def rate_all(world: World, *names: str) -> None:
    for name in names:
        while rate_next(world.study, getattr(world, name)):
            pass


def settle(world: World) -> None:
    compute_results(study_id=world.study.pk, now=NOW)
    follow_up(study_id=world.study.pk, now=NOW)


def states(world: World) -> set[str]:
    return set(world.study.sample.values_list("state", flat=True))


def close_all(world: World) -> None:
    for round_ in world.study.rounds.filter(state=RoundState.OPEN).exclude(kind=RoundKind.RETEST):
        close_round(round_=round_, by=world.rosa, now=NOW)


@pytest.fixture
def waiting(world: World) -> World:
    """Ada and Ben agree on all; two extra rounds found nobody else, and every latent waits for raters."""
    rate_all(world, "ada", "ben")
    for _ in range(3):
        settle(world)
        close_all(world)
    settle(world)
    assert states(world) == {LatentState.RECRUITING}
    return world


def join(world: World, name: str, home: Institution) -> None:
    user = person(name)
    add_member(study=world.study, user=user, role=Role.ANNOTATOR, institution=home, by=None, now=LATER)


def test_other_thresholds_reach_latents_that_all_wait_for_raters(waiting: World) -> None:
    assert unjudged_studies() == set()
    waiting.study.accept_n_eff, waiting.study.accept_theta, waiting.study.accept_flip_rate = 1.0, 0.5, 1.0
    waiting.study.save()
    assert unjudged_studies() == {waiting.study.pk}
    follow_up(study_id=waiting.study.pk, now=NOW)
    assert states(waiting) == {LatentState.ACCEPTED}
    assert unjudged_studies() == set()


def test_other_thresholds_are_judged_by_without_computing_anything(world: World) -> None:
    rate_all(world, "ada", "ben")
    settle(world)
    assert states(world) == {LatentState.AMBIGUOUS}
    close_all(world)
    settle(world)
    assert unjudged_studies() == set()
    steps = ResultStep.objects.count()
    world.study.accept_q, world.study.accept_theta = 0.5, 0.4
    world.study.accept_n_eff, world.study.accept_flip_rate = 1.0, 1.0
    world.study.save()
    close_all(world)
    assert unjudged_studies() == {world.study.pk}
    follow_up(study_id=world.study.pk, now=NOW)
    assert states(world) == {LatentState.ACCEPTED}
    assert unjudged_studies() == set()
    assert (ResultStep.objects.count(), ResultRun.objects.count()) == (steps, 1)


def test_stricter_thresholds_open_what_was_accepted(world: World) -> None:
    rate_all(world, "ada", "ben")
    world.study.accept_q, world.study.accept_theta = 0.5, 0.4
    world.study.accept_n_eff, world.study.accept_flip_rate = 1.0, 1.0
    world.study.save()
    settle(world)
    assert states(world) == {LatentState.ACCEPTED}
    world.study.accept_n_eff = 2.5
    world.study.save()
    assert unjudged_studies() == {world.study.pk}
    follow_up(study_id=world.study.pk, now=NOW)
    assert states(world) == {LatentState.AMBIGUOUS}


def test_a_latent_that_waits_for_raters_asks_whoever_joins(waiting: World) -> None:
    assert unjudged_studies() == set()
    join(waiting, "eve", waiting.south)
    assert studies_with_newcomers() == {waiting.study.pk}
    follow_up(study_id=waiting.study.pk, now=LATER)
    assert states(waiting) == {LatentState.AMBIGUOUS}
    places = Slot.objects.filter(round__state=RoundState.OPEN, round__kind=RoundKind.EXTRA)
    assert set(places.values_list("latent", "institution")) == {
        (latent.pk, waiting.south.pk) for latent in waiting.study.sample.all()
    }
    follow_up(study_id=waiting.study.pk, now=LATER)
    assert places.count() == 6, "asked once"
    assert set(waiting.study.sample.values_list("extra_rounds", flat=True)) == {2}


def test_who_was_there_when_nobody_came_is_not_asked_again(waiting: World) -> None:
    assert newcomers([latent.pk for latent in waiting.study.sample.all()]) == {}
    join(waiting, "eve", waiting.south)
    follow_up(study_id=waiting.study.pk, now=LATER)
    for round_ in waiting.study.rounds.filter(state=RoundState.OPEN).exclude(kind=RoundKind.RETEST):
        close_round(round_=round_, by=waiting.rosa, now=LATER + timedelta(days=1))
    follow_up(study_id=waiting.study.pk, now=LATER + timedelta(days=1))
    assert states(waiting) == {LatentState.RECRUITING}
    assert studies_with_newcomers() == set()


def test_where_only_an_institution_is_missing_a_colleague_of_the_same_one_does_not_help(waiting: World) -> None:
    waiting.study.accept_q, waiting.study.accept_theta = 0.0, 0.0
    waiting.study.accept_n_eff, waiting.study.accept_flip_rate = 0.0, 1.0
    waiting.study.save()
    settle(waiting)
    assert states(waiting) == {LatentState.ACCEPTED}, "seen from both institutions"
    Membership.objects.filter(user=waiting.ada).update(withdrawn_at=NOW, ratings_withheld=True)
    settle(waiting)
    west = Institution.objects.create(name="West Hospital", code="west")
    join(waiting, "wim", west)
    settle(waiting)
    waited = states(waiting)
    join(waiting, "sue", waiting.south)
    follow_up(study_id=waiting.study.pk, now=LATER)
    asked = Slot.objects.filter(round__state=RoundState.OPEN).exclude(round__kind=RoundKind.RETEST)
    assert waited <= {LatentState.AMBIGUOUS, LatentState.RECRUITING}
    assert set(asked.values_list("institution__code", flat=True)) == {"west"}


def test_verdicts_are_cut_short_and_gone_on_with(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotation.actions.follow_up.BATCH", 2)
    rate_all(world, "ada", "ben")
    compute_results(study_id=world.study.pk, now=NOW)
    assert follow_up(study_id=world.study.pk, now=NOW, seconds=0.0)
    assert states(world) == {LatentState.RATING, LatentState.AMBIGUOUS}
    assert ResultRun.objects.get().judged_with is None
    while follow_up(study_id=world.study.pk, now=NOW, seconds=0.0):
        pass
    assert states(world) == {LatentState.AMBIGUOUS}
    assert Slot.objects.filter(round__kind=RoundKind.EXTRA).count() == 12


def test_sensitivity_follows_once_it_is_quiet(world: World) -> None:
    rate_all(world, "ada", "ben")
    settle(world)
    assert unexplored_studies(now=NOW) == set()
    assert unexplored_studies(now=LATER) == {world.study.pk}
    compute_sensitivity(study_id=world.study.pk, now=LATER)
    assert unexplored_studies(now=LATER) == set()
    add_rater(world, "wim", Institution.objects.create(name="West Hospital", code="west"))
    follow_up(study_id=world.study.pk, now=LATER)
    assert unexplored_studies(now=LATER) == {world.study.pk}, "among three institutions verdicts may differ"
