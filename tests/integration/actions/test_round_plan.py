"""What a round asks of whom: no institution for more places than it has people who could still take one."""

from collections import Counter

import pytest

from annotation.actions.claiming import claim
from annotation.actions.rounds import close_round, open_round
from annotation.enums import LatentState, RoundKind
from annotation.models import Decline, Membership, Slot, Study
from annotation.queries.round_plan import plan_round
from annotation.rules.refusal import Refused
from tests import world as worlds
from tests.world import NOW, World, add_rater, rate_next


@pytest.fixture
def lopsided(db: None) -> World:
    """Three raters at North, one at South; three places a latent."""
    world = worlds.build(open_the_round=False, raters=3)
    for name in ("eve", "eli"):
        add_rater(world, name, world.north)
    return world


def test_a_small_institution_is_asked_once_a_latent_and_every_place_can_be_filled(lopsided: World) -> None:
    round_ = open_round(study=lopsided.study, by=lopsided.rosa, now=NOW)
    for latent in lopsided.study.sample.all():
        codes = round_.slots.filter(latent=latent).values_list("institution__code", flat=True)
        assert Counter(codes) == {"north": 2, "south": 1}
    for membership in Membership.objects.filter(study=lopsided.study, role="annotator").select_related("user"):
        while rate_next(lopsided.study, membership.user):
            pass
    assert not round_.slots.exclude(state="submitted").exists()


def test_who_saw_a_latent_or_gave_it_back_counts_for_no_place_on_it(lopsided: World) -> None:
    latent = lopsided.study.sample.earliest("position")
    plan = plan_round(lopsided.study)
    assert Counter(place and place.code for place in plan.quota(latent)) == {"north": 2, "south": 1}
    open_round(study=lopsided.study, by=lopsided.rosa, now=NOW)
    first = lopsided.study.rounds.get(kind=RoundKind.INDEPENDENT)
    Decline.objects.create(latent=latent, rater=lopsided.ben, round=first, declined_at=NOW)
    close_round(round_=first, by=lopsided.rosa, now=NOW)
    again = plan_round(lopsided.study)
    assert Counter(place and place.code for place in again.quota(latent)) == {"north": 3}
    others = [one for one in again.sample if one != latent]
    assert Counter(place and place.code for place in again.quota(others[0])) == {"north": 2, "south": 1}


def test_those_who_left_are_in_nobodys_way(db: None) -> None:
    world = worlds.build()
    for user in (world.ada, world.ben):
        while rate_next(world.study, user):
            pass
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    Study.objects.filter(pk=world.study.pk).update(raters_per_latent=2)
    world.study.refresh_from_db()
    world.study.sample.update(state=LatentState.RECRUITING)
    for name, institution in (("eve", world.north), ("eli", world.south)):
        add_rater(world, name, institution)
    assert plan_round(world.study).raters_per_latent == 2
    Membership.objects.filter(user__in=[world.ada, world.ben], role="annotator").update(withdrawn_at=NOW)
    round_ = open_round(study=world.study, by=world.rosa, now=NOW)
    assert round_.slots.count() == 12
    Membership.objects.filter(user__name="Eli").update(withdrawn_at=NOW)
    close_round(round_=round_, by=world.rosa, now=NOW)
    with pytest.raises(Refused, match="Invite more"):
        plan_round(world.study)


def test_places_are_for_anyone_where_only_one_institution_rates(db: None) -> None:
    world = worlds.build(open_the_round=False)
    Membership.objects.filter(user=world.ben).update(institution=world.north)
    open_round(study=world.study, by=world.rosa, now=NOW)
    assert set(Slot.objects.values_list("institution", flat=True)) == {None}
    assert claim(study=world.study, by=world.ben, now=NOW) is not None
