"""What follows a computation follows from that computation's ratings, and nothing is left hanging."""

import pytest

from annotation.actions.claiming import claim
from annotation.actions.declining import decline
from annotation.actions.follow_up import follow_up
from annotation.actions.results import compute_results
from annotation.actions.rounds import close_round, open_round
from annotation.actions.sweeping import unjudged_studies
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import LatentState, RoundKind
from annotation.models import Case
from annotation.rules.refusal import Refused
from tests.world import NOW, World, add_rater, rate_next


def rate_all(world: World, name: str, **answers: str) -> None:
    while rate_next(world.study, getattr(world, name), **answers):
        pass


def test_a_rating_that_arrives_after_the_computation_is_not_judged_by_it(world: World) -> None:
    rate_all(world, "ada")
    compute_results(study_id=world.study.pk, now=NOW)
    rate_all(world, "ben")
    follow_up(study_id=world.study.pk, now=NOW)
    assert set(world.study.sample.values_list("state", flat=True)) == {LatentState.RATING}
    compute_results(study_id=world.study.pk, now=NOW)
    follow_up(study_id=world.study.pk, now=NOW)
    assert LatentState.RATING not in world.study.sample.values_list("state", flat=True)


def test_closing_a_round_half_rated_leaves_no_latent_hanging(world: World) -> None:
    rate_all(world, "ada")
    compute_results(study_id=world.study.pk, now=NOW)
    follow_up(study_id=world.study.pk, now=NOW)
    assert unjudged_studies() == set()
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    assert unjudged_studies() == {world.study.pk}
    follow_up(study_id=world.study.pk, now=NOW)
    assert set(world.study.sample.values_list("state", flat=True)) == {LatentState.AMBIGUOUS}
    assert unjudged_studies() == set()


def test_the_adjudicator_is_told_what_failed_and_neither_figures_nor_the_leading_answer(world: World) -> None:
    others = [add_rater(world, f"more-{n}", world.north if n % 2 else world.south) for n in range(4)]
    raters = [world.ada, world.ben, *others]
    for _ in range(3):
        for turn, rater in enumerate(raters):
            while rate_next(world.study, rater, concept=("angina", "reflux")[turn % 2]):
                pass
        compute_results(study_id=world.study.pk, now=NOW)
        follow_up(study_id=world.study.pk, now=NOW)
    case = Case.objects.first()
    assert case is not None
    assert case.why
    assert not any(character.isdigit() for character in case.why)
    assert "angina" not in case.why
    assert "reflux" not in case.why


def test_places_of_an_extra_round_go_to_institutions_that_have_somebody_left(world: World) -> None:
    add_rater(world, "bea", world.north)
    rate_all(world, "ada")
    rate_all(world, "ben", concept="something else")
    compute_results(study_id=world.study.pk, now=NOW)
    follow_up(study_id=world.study.pk, now=NOW)
    extra = world.study.rounds.get(kind=RoundKind.EXTRA)
    rated_by_ada = world.study.ratings.filter(rater=world.ada).values("latent")
    places = extra.slots.filter(latent__in=rated_by_ada).values_list("institution__code", flat=True)
    assert set(places) == {"north", None}


def test_whoever_gave_a_latent_back_is_nobody_who_is_left_for_it(world: World) -> None:
    bea = add_rater(world, "bea", world.north)
    slot = claim(study=world.study, by=bea, now=NOW)
    assert slot is not None
    decline(ticket=read_ticket(write_ticket(slot), by=bea), by=bea, now=NOW)
    rate_all(world, "ada")
    rate_all(world, "ben", concept="something else")
    compute_results(study_id=world.study.pk, now=NOW)
    follow_up(study_id=world.study.pk, now=NOW)
    extra = world.study.rounds.get(kind=RoundKind.EXTRA)
    places = extra.slots.values_list("latent", "institution__code")
    assert {code for latent, code in places if latent == slot.latent_id} == {None}
    assert {code for latent, code in places if latent != slot.latent_id} == {"north", None}


def test_a_second_independent_round_needs_raters_who_have_not_seen_the_latents(world: World) -> None:
    rate_all(world, "ada")
    rate_all(world, "ben")
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    with pytest.raises(Refused, match="who have not are needed"):
        open_round(study=world.study, by=world.rosa, now=NOW)
    add_rater(world, "bea", world.north)
    add_rater(world, "bob", world.south)
    assert open_round(study=world.study, by=world.rosa, now=NOW).slots.count() == 12


def test_only_the_researcher_opens_and_closes(world: World) -> None:
    with pytest.raises(Refused, match="role of researcher"):
        close_round(round_=world.study.rounds.get(), by=world.ada, now=NOW)


def test_settled_latents_are_not_rated_again(world: World) -> None:
    world.study.sample.update(state=LatentState.ACCEPTED)
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    with pytest.raises(Refused, match="nothing to rate"):
        open_round(study=world.study, by=world.rosa, now=NOW)
    assert claim(study=world.study, by=world.ada, now=NOW) is None
