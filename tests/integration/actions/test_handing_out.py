"""Who is handed which latent, in which order, and which never; what is counted as left is what is handed out."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings

from annotation.actions.cases import open_case
from annotation.actions.claiming import claim, claim_ahead, release_expired
from annotation.actions.drafting import save_draft
from annotation.actions.rounds import add_slots, start_round
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import Outcome, Role, RoundKind, SlotState
from annotation.models import (
    Decline,
    Membership,
    Rating,
    ReadingSlot,
    Reference,
    Round,
    SampledLatent,
    Slot,
    User,
)
from annotation.queries.reach import reaches
from annotation.rules.refusal import Refused
from tests import world as worlds
from tests.case_world import stored_decision
from tests.world import NOW, World, add_rater, rate_next

LATER = NOW + timedelta(hours=2)


def handed(world: World, user: User, now=NOW) -> Iterator[Slot]:  # type: ignore[no-untyped-def]
    """All that the rater is handed, one after the other, each marked as rated."""
    while slot := claim(study=world.study, by=user, now=now):
        Slot.objects.filter(pk=slot.pk).update(state=SlotState.SUBMITTED, lease_token=None, lease_expires_at=None)
        yield slot


def left(world: World, user: User, now=NOW) -> int:  # type: ignore[no-untyped-def]
    member = Membership.objects.get(study=world.study, user=user, role=Role.ANNOTATOR)
    return reaches(world.study, [member], now=now)[member.pk].left


def reserve(round_: Round, latent: SampledLatent, user: User, **changes: object) -> Slot:
    number = Slot.objects.filter(round=round_, latent=latent).count() + 1
    return Slot.objects.create(round=round_, latent=latent, number=number, reserved_for=user, **changes)


@pytest.fixture
def wide(db: None) -> World:
    """Forty latents, two places each, for anyone."""
    world = worlds.build(latents=50, sample=40, open_the_round=False)
    round_ = start_round(study=world.study, kind=RoundKind.INDEPENDENT, now=NOW)
    for latent in world.study.sample.all():
        add_slots(round_=round_, latent=latent, quota=[None, None])
    return world


def test_first_places_of_all_latents_come_before_any_second(wide: World) -> None:
    numbers = [slot.number for slot in handed(wide, wide.ada)]
    assert numbers == [1] * 40
    assert {slot.number for slot in handed(wide, wide.ben)} == {2}


def test_each_rater_meets_the_latents_in_an_order_of_her_own(wide: World) -> None:
    eve = add_rater(wide, "eve", wide.north)
    orders = []
    for user in (wide.ada, eve):
        orders.append([slot.latent.position for slot in handed(wide, user)])
        Slot.objects.update(state=SlotState.OPEN, rater=None)
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]
    assert orders[0] != sorted(orders[0])
    assert sum(one == other for one, other in zip(*orders, strict=True)) < 10


def test_a_place_that_is_reserved_comes_to_her_alone_and_first(wide: World) -> None:
    round_ = wide.study.rounds.get()
    latent = wide.study.sample.earliest("position")
    Slot.objects.filter(latent=latent).delete()
    place = reserve(round_, latent, wide.ben)
    assert place not in list(handed(wide, wide.ada))
    first = claim(study=wide.study, by=wide.ben, now=NOW)
    assert first == place


def test_a_reserved_place_waits_for_its_time(wide: World) -> None:
    Slot.objects.all().delete()
    place = reserve(wide.study.rounds.get(), wide.study.sample.earliest("position"), wide.ada, not_before=LATER)
    assert claim(study=wide.study, by=wide.ada, now=NOW) is None
    assert left(wide, wide.ada) == 0
    assert left(wide, wide.ada, now=LATER) == 1
    assert claim(study=wide.study, by=wide.ada, now=LATER) == place


def test_a_round_that_repeats_hands_out_what_she_rated_before_and_only_once(world: World) -> None:
    rating = rate_next(world.study, world.ada)
    assert rating is not None
    retest = start_round(study=world.study, kind=RoundKind.RETEST, repeats=rating.round, now=NOW)
    reserve(retest, rating.latent, world.ada)
    reserve(retest, rating.latent, world.ada)
    again = rate_next(world.study, world.ada)
    assert again is not None
    assert (again.round, again.latent) == (retest, rating.latent)
    following = claim(study=world.study, by=world.ada, now=NOW)
    assert following is not None
    assert following.round != retest


def test_a_place_given_in_a_first_look_round_does_not_bring_back_what_she_rated(world: World) -> None:
    rating = rate_next(world.study, world.ada)
    assert rating is not None
    reserve(rating.round, rating.latent, world.ada)
    before = left(world, world.ada)
    assert rating.latent not in [slot.latent for slot in handed(world, world.ada)]
    assert before == 5


def bar_by_decline(world: World, latent: SampledLatent) -> None:
    Decline.objects.create(latent=latent, rater=world.ada, round=world.study.rounds.get(), declined_at=NOW)


def bar_by_reference(world: World, latent: SampledLatent) -> None:
    Reference.objects.create(
        latent=latent, item="category", distribution={"finding": 1.0}, set_by=world.ada, set_at=NOW
    )


def bar_by_decision(world: World, latent: SampledLatent) -> None:
    case = open_case(latent=latent, why="for the test", now=NOW)
    stored_decision(case, world.ada, rationale="Mine.")


def bar_by_reading(world: World, latent: SampledLatent) -> None:
    round_ = start_round(study=world.study, kind=RoundKind.READING, now=NOW)
    slot = Slot.objects.filter(latent=latent).first()
    assert slot is not None
    Slot.objects.filter(pk=slot.pk).update(rater=world.ben, state=SlotState.SUBMITTED)
    rating = Rating.objects.create(
        study=world.study,
        latent=latent,
        round=slot.round,
        rater=world.ben,
        institution=world.south,
        submit_token=worlds.unknown_token(),
        outcome=Outcome.NOT_CLINICAL,
        answers={},
        submitted_at=NOW,
    )
    ReadingSlot.objects.create(round=round_, rating=rating, number=1, snippets=[], reader=world.ada, state="submitted")


@pytest.mark.parametrize("bar", [bar_by_decline, bar_by_reference, bar_by_decision, bar_by_reading])
def test_what_is_barred_to_her_is_neither_handed_out_nor_counted(world: World, bar) -> None:  # type: ignore[no-untyped-def]
    latent = world.study.sample.earliest("position")
    bar(world, latent)
    assert left(world, world.ada) == 5
    assert latent not in [slot.latent for slot in handed(world, world.ada)]


def test_who_withdrew_is_handed_nothing(world: World) -> None:
    Membership.objects.filter(user=world.ada).update(withdrawn_at=NOW)
    with pytest.raises(Refused, match="You withdrew from Hearts"):
        claim(study=world.study, by=world.ada, now=NOW)
    assert left(world, world.ada) == 0


def test_who_comes_back_after_her_lease_ran_out_finds_what_she_had_begun(wide: World) -> None:
    slot = claim(study=wide.study, by=wide.ada, now=NOW)
    assert slot is not None
    save_draft(ticket=read_ticket(write_ticket(slot), by=wide.ada), answers={"concept": "half"}, by=wide.ada, now=NOW)
    assert release_expired(round_id=slot.round_id, now=LATER) == 1
    assert claim(study=wide.study, by=wide.ada, now=LATER) == slot


def test_what_is_counted_as_left_is_what_she_is_handed(world: World) -> None:
    add_rater(world, "eve", world.north)
    rate_next(world.study, world.ada)
    claim(study=world.study, by=world.ada, now=NOW)
    promised = left(world, world.ada)
    assert promised == len(list(handed(world, world.ada))) == 5
    assert left(world, world.ada) == 0


def test_latents_are_handed_out_ahead_in_the_order_in_which_they_come(wide: World) -> None:
    now = NOW
    current = claim(study=wide.study, by=wide.ada, now=now)
    assert current is not None
    ahead = claim_ahead(study=wide.study, by=wide.ada, after=[current.pk], number=2, now=now)
    expected = [*ahead]
    assert len({current.latent_id, *(slot.latent_id for slot in ahead)}) == 3
    for _ in range(4):
        Slot.objects.filter(pk=current.pk).update(state=SlotState.SUBMITTED, lease_token=None, lease_expires_at=None)
        now += timedelta(minutes=1)
        current = claim(study=wide.study, by=wide.ada, now=now)
        assert current == expected.pop(0)
        more = claim_ahead(
            study=wide.study, by=wide.ada, after=[current.pk, *(slot.pk for slot in expected)], number=1, now=now
        )
        assert len(more) == 1
        expected += more


def test_what_is_ahead_is_held_for_a_shorter_while(wide: World) -> None:
    current = claim(study=wide.study, by=wide.ada, now=NOW)
    assert current is not None
    (ahead,) = claim_ahead(study=wide.study, by=wide.ada, after=[current.pk], number=1, now=NOW)
    assert ahead.lease_expires_at is not None
    assert NOW < ahead.lease_expires_at <= NOW + timedelta(minutes=settings.AHEAD_LEASE_MINUTES)
    current.refresh_from_db()
    assert current.lease_expires_at == NOW + timedelta(minutes=settings.LEASE_MINUTES)


def test_nothing_is_handed_out_ahead_where_colleagues_would_go_without(world: World) -> None:
    current = claim(study=world.study, by=world.ada, now=NOW)
    assert current is not None
    assert claim_ahead(study=world.study, by=world.ada, after=[current.pk], number=2, now=NOW) == []
    assert claim(study=world.study, by=world.ada, now=NOW) == current


def test_slots_of_others_named_as_hers_are_left_alone(wide: World) -> None:
    theirs = claim(study=wide.study, by=wide.ben, now=NOW)
    assert theirs is not None
    claim_ahead(study=wide.study, by=wide.ada, after=[theirs.pk], number=1, now=LATER)
    found = Slot.objects.get(pk=theirs.pk)
    assert (found.rater, found.lease_expires_at) == (wide.ben, theirs.lease_expires_at)
