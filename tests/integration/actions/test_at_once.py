"""Several hands at one counter at the same moment: nothing twice, nothing lost, and nobody waits forever."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from annotation.actions.claiming import claim, claim_ahead
from annotation.actions.declining import decline
from annotation.actions.drafting import save_draft
from annotation.actions.people import add_member
from annotation.actions.rating import submit_rating
from annotation.actions.revising import revise_rating
from annotation.actions.rounds import add_slots, close_round, start_round
from annotation.actions.tickets import Ticket, read_ticket, write_ticket
from annotation.enums import Role, RoundKind, RoundState, SlotState
from annotation.models import Draft, Rating, Round, Slot, User
from annotation.rules.evidence import Marks
from annotation.rules.refusal import Refused
from tests import world as worlds
from tests.world import NOW, World, add_rater, complete_form, person, rate_next

pytestmark = pytest.mark.django_db(transaction=True)
LONGEST = 60


def together(actions: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each returned, or the Refused that it raised, in order; any other error fails the test."""
    results: list[Any] = [None] * len(actions)
    failures: list[BaseException] = []
    barrier = threading.Barrier(len(actions))

    def run(place: int) -> None:
        try:
            barrier.wait()
            results[place] = actions[place]()
        except Refused as refusal:
            results[place] = refusal
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
        assert not thread.is_alive()
    assert failures == []
    return results


def ticket_for(world: World, user: User) -> Ticket:
    slot = claim(study=world.study, by=user, now=NOW)
    assert slot is not None
    return read_ticket(write_ticket(slot), by=user)


def submitting(world: World, user: User, ticket: Ticket) -> Callable[[], Rating]:
    raw = complete_form(world.study)
    return lambda: submit_rating(ticket=ticket, raw=raw, active_seconds=1.0, by=user, now=NOW)


def claiming(world: World, user: User) -> Callable[[], Slot | None]:
    return lambda: claim(study=world.study, by=user, now=NOW)


def test_all_windows_of_one_rater_are_handed_the_same_latent() -> None:
    world = worlds.build()
    slots = together([claiming(world, world.ada)] * 8)
    assert len({slot.pk for slot in slots}) == 1
    assert len({slot.lease_token for slot in slots}) == 1
    assert Slot.objects.filter(rater=world.ada).count() == 1


def test_a_window_that_submits_and_one_that_asks_for_the_next_do_not_wait_for_each_other() -> None:
    world = worlds.build()
    for _ in range(6):
        ticket = ticket_for(world, world.ada)
        _, following = together([submitting(world, world.ada, ticket), claiming(world, world.ada)])
        assert following is None or following.rater == world.ada
    assert Rating.objects.count() == 6
    assert set(Slot.objects.filter(rater=world.ada).values_list("state", flat=True)) == {SlotState.SUBMITTED}


def test_a_form_sent_from_many_windows_stores_one_rating_and_lays_one_retest() -> None:
    world = worlds.build(retest_share=1.0)
    ticket = ticket_for(world, world.ada)
    stored = together([submitting(world, world.ada, ticket)] * 6)
    assert len({rating.pk for rating in stored}) == 1
    assert Rating.objects.count() == 1
    assert Slot.objects.filter(round__kind=RoundKind.RETEST).count() == 1


def test_colleagues_who_submit_on_one_latent_get_a_retest_each() -> None:
    world = worlds.build(open_the_round=False, retest_share=1.0)
    raters = [person(f"rater-{number}") for number in range(6)]
    for rater in raters:
        add_member(study=world.study, user=rater, role=Role.ANNOTATOR, institution=world.north, by=None, now=NOW)
    round_ = start_round(study=world.study, kind=RoundKind.INDEPENDENT, now=NOW)
    add_slots(round_=round_, latent=world.study.sample.earliest("position"), quota=[None] * 6)
    tickets = [ticket_for(world, rater) for rater in raters]
    together([submitting(world, *pair) for pair in zip(raters, tickets, strict=True)])
    retests = Slot.objects.filter(round__kind=RoundKind.RETEST)
    assert sorted(retests.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert set(retests.values_list("reserved_for", flat=True)) == {rater.pk for rater in raters}


def test_a_place_that_is_given_back_while_others_ask_goes_to_one_of_them_and_never_back() -> None:
    world = worlds.build(latents=20, sample=14)
    others = [add_rater(world, f"eve-{number}", world.north) for number in range(3)]
    Slot.objects.filter(institution=world.south).delete()
    for _ in range(5):
        ticket = ticket_for(world, world.ada)

        def giving_back(ticket: Ticket = ticket) -> object:
            return decline(ticket=ticket, by=world.ada, now=NOW)

        together([giving_back, *(claiming(world, user) for user in others), claiming(world, world.ada)])
        assert not Slot.objects.filter(latent=ticket.latent, rater=world.ada).exists()
    held = Slot.objects.filter(state=SlotState.LEASED).values_list("rater", flat=True)
    assert len(held) == len(set(held))


def test_the_last_place_goes_to_somebody_and_nobody_else_is_told_a_lie() -> None:
    world = worlds.build()
    raters = [world.ada, *(add_rater(world, f"eve-{number}", world.north) for number in range(7))]
    last = Slot.objects.filter(institution=world.north).order_by("pk").first()
    assert last is not None
    Slot.objects.exclude(pk=last.pk).delete()
    slots = together([claiming(world, rater) for rater in raters])
    assert [slot.pk for slot in slots if slot] == [last.pk]


def test_as_many_places_as_raters_leave_nobody_without_one() -> None:
    world = worlds.build(open_the_round=False, latents=12, sample=8)
    raters = [world.ada, *(add_rater(world, f"eve-{number}", world.north) for number in range(7))]
    round_ = start_round(study=world.study, kind=RoundKind.INDEPENDENT, now=NOW)
    for latent in world.study.sample.all():
        add_slots(round_=round_, latent=latent, quota=[None])
    slots = together([claiming(world, rater) for rater in raters])
    assert None not in slots
    assert len({slot.pk for slot in slots}) == 8


def test_latents_ahead_and_the_one_at_work_are_never_the_same_nor_a_colleagues() -> None:
    world = worlds.build(open_the_round=False, latents=40, sample=30)
    raters = [world.ada, *(add_rater(world, f"eve-{number}", world.north) for number in range(3))]
    round_ = start_round(study=world.study, kind=RoundKind.INDEPENDENT, now=NOW)
    for latent in world.study.sample.all():
        add_slots(round_=round_, latent=latent, quota=[None])

    def ahead(user: User) -> Callable[[], list[Slot]]:
        return lambda: claim_ahead(study=world.study, by=user, after=[], number=2, now=NOW)

    together([action for rater in raters for action in (ahead(rater), claiming(world, rater), ahead(rater))])
    held = Slot.objects.filter(state=SlotState.LEASED)
    assert held.count() == held.values("latent").distinct().count()
    assert held.count() >= 16


def test_closing_while_raters_submit_drops_no_rating_and_leaves_no_retest() -> None:
    world = worlds.build(retest_share=1.0)
    tickets = {user: ticket_for(world, user) for user in (world.ada, world.ben)}
    round_ = Round.objects.get(kind=RoundKind.INDEPENDENT)

    def closing() -> object:
        return close_round(round_=round_, by=world.rosa, now=NOW)

    results = together(
        [submitting(world, world.ada, tickets[world.ada]), closing, submitting(world, world.ben, tickets[world.ben])]
    )
    stored = sum(isinstance(result, Rating) for result in results)
    assert Rating.objects.count() == stored
    assert set(Round.objects.values_list("state", flat=True)) == {RoundState.CLOSED}
    assert not Slot.objects.exclude(state=SlotState.SUBMITTED).exists()


def test_two_windows_that_revise_store_one_row_each_in_a_row_of_their_own() -> None:
    world = worlds.build()
    rating = rate_next(world.study, world.ada)
    assert rating is not None

    def revising(concept: str) -> Callable[[], Rating]:
        raw = complete_form(world.study, concept=concept)
        return lambda: revise_rating(
            rating=rating, raw=raw, marks=Marks(), reason="Thought again.", by=world.ada, now=NOW + timedelta(minutes=1)
        )

    together([revising("angina"), revising("reflux"), revising("angina"), revising("cough")])
    revisions = list(Rating.objects.order_by("revision").values_list("revision", flat=True))
    assert revisions == list(range(1, len(revisions) + 1))
    assert 4 <= len(revisions) <= 5


def test_a_revision_and_the_closing_of_the_round_come_one_after_the_other() -> None:
    world = worlds.build()
    rating = rate_next(world.study, world.ada)
    assert rating is not None
    raw = complete_form(world.study, concept="angina")
    revised, _ = together(
        [
            lambda: revise_rating(rating=rating, raw=raw, marks=Marks(), reason="Again.", by=world.ada, now=NOW),
            lambda: close_round(round_=rating.round, by=world.rosa, now=NOW),
        ]
    )
    assert Rating.objects.count() == (2 if isinstance(revised, Rating) else 1)


def test_a_draft_that_comes_with_the_submit_does_not_outlive_it_though_the_place_had_run_out() -> None:
    world = worlds.build()
    ticket = ticket_for(world, world.ada)
    Slot.objects.filter(pk=ticket.slot).update(lease_expires_at=NOW - timedelta(minutes=1))

    def drafting() -> Any:
        return save_draft(ticket=ticket, answers={"rationale": "On its way"}, by=world.ada, now=NOW)

    together([submitting(world, world.ada, ticket), *[drafting] * 5])
    assert Rating.objects.count() == 1
    assert not Draft.objects.exists()
