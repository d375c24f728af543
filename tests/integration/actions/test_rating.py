"""A rating is stored once, complete, and never lost."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from annotation.actions.cases import open_case
from annotation.actions.claiming import claim
from annotation.actions.drafting import save_draft
from annotation.actions.rating import submit_rating
from annotation.actions.rounds import close_round
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.models import Concept, Draft, Rating, SampledLatent, Slot
from annotation.rules.answers import Incomplete
from annotation.rules.refusal import Refused
from tests import world as worlds
from tests.case_world import stored_decision
from tests.world import NOW, World, add_rater, complete_form, rate_next

LATER = NOW + timedelta(hours=2)


def ticket_for(world: World, name: str = "ada", now=NOW):  # type: ignore[no-untyped-def]
    user = getattr(world, name)
    slot = claim(study=world.study, by=user, now=now)
    assert slot is not None
    return read_ticket(write_ticket(slot), by=user)


def submit(world: World, ticket, now=NOW, **changes):  # type: ignore[no-untyped-def]
    return submit_rating(
        ticket=ticket, raw=complete_form(world.study, **changes), active_seconds=12.5, by=world.ada, now=now
    )


def test_the_same_form_sent_twice_stores_one_rating(world: World) -> None:
    ticket = ticket_for(world)
    assert submit(world, ticket) == submit(world, ticket)
    assert Rating.objects.count() == 1


def test_a_rating_without_a_rationale_is_refused_and_nothing_is_stored(world: World) -> None:
    ticket = ticket_for(world)
    with pytest.raises(Incomplete, match="rationale is missing") as error:
        submit(world, ticket, rationale="  ")
    assert set(error.value.problems) == {"rationale"}
    assert not Rating.objects.exists()
    assert Slot.objects.get(pk=ticket.slot).rater == world.ada


def test_everything_that_is_missing_is_said_at_once(world: World) -> None:
    with pytest.raises(Incomplete) as error:
        submit_rating(ticket=ticket_for(world), raw={}, active_seconds=None, by=world.ada, now=NOW)
    assert {"concept", "category", "coherence", "specificity", "confidence", "rationale"} <= set(error.value.problems)


@pytest.mark.parametrize("outcome", ["cannot-tell", "not-clinical"])
def test_cannot_tell_and_not_clinical_are_full_answers(world: World, outcome: str) -> None:
    rating = rate_next(world.study, world.ada, outcome=outcome)
    assert rating is not None
    assert rating.outcome == outcome
    assert rating.concept is None
    assert rating.answers == {}


def test_an_answer_that_is_not_offered_is_refused(world: World) -> None:
    with pytest.raises(Incomplete, match="not offered"):
        submit(world, ticket_for(world), coherence=9)


def test_a_late_rating_takes_its_place_if_that_is_still_free(world: World) -> None:
    ticket = ticket_for(world)
    rating = submit(world, ticket, now=LATER)
    assert rating.slot_id == ticket.slot


def test_a_late_rating_whose_place_went_to_another_is_kept_as_surplus_and_counts(world: World) -> None:
    ticket = ticket_for(world)
    bea = add_rater(world, "bea", world.north)
    while slot := claim(study=world.study, by=bea, now=LATER):
        submit_rating(
            ticket=read_ticket(write_ticket(slot), by=bea),
            raw=complete_form(world.study),
            active_seconds=1.0,
            by=bea,
            now=LATER,
        )
    rating = submit(world, ticket, now=LATER)
    assert rating.slot is None
    assert Rating.objects.filter(latent=ticket.latent).count() == 2


def test_a_ticket_of_another_person_is_refused(world: World) -> None:
    slot = claim(study=world.study, by=world.ada, now=NOW)
    assert slot is not None
    with pytest.raises(Refused, match="someone else"):
        read_ticket(write_ticket(slot), by=world.ben)
    with pytest.raises(Refused, match="does not come from this site"):
        read_ticket("forged", by=world.ada)


def test_a_closed_round_takes_no_rating(world: World) -> None:
    ticket = ticket_for(world)
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    with pytest.raises(Refused, match="round is closed"):
        submit(world, ticket)


def test_a_draft_is_kept_until_the_rating_is_in(world: World) -> None:
    ticket = ticket_for(world)
    save_draft(ticket=ticket, answers={"concept": "half a thou"}, by=world.ada, now=NOW)
    assert Draft.objects.get().answers == {"concept": "half a thou"}
    submit(world, ticket)
    assert not Draft.objects.exists()
    assert save_draft(ticket=ticket, answers={"concept": "too late"}, by=world.ada, now=NOW) is None


def test_a_draft_holds_the_place(world: World) -> None:
    ticket = ticket_for(world)
    almost = NOW + timedelta(minutes=29)
    save_draft(ticket=ticket, answers={}, by=world.ada, now=almost)
    slot = Slot.objects.get(pk=ticket.slot)
    assert slot.lease_expires_at is not None
    assert slot.lease_expires_at > NOW + timedelta(minutes=45)


def test_a_term_of_the_list_is_reused_whatever_its_case_and_a_new_one_is_the_raters_own(world: World) -> None:
    rate_next(world.study, world.ada, concept="Chest  Pain")
    rate_next(world.study, world.ada, concept="ward round")
    assert Concept.objects.filter(name__iexact="chest pain").count() == 1
    assert Concept.objects.get(name="ward round").created_by == world.ada
    assert not world.study.rounds.get().concepts.filter(name="ward round").exists()


@pytest.mark.django_db(transaction=True)
def test_closing_a_round_while_raters_submit_neither_deadlocks_nor_takes_a_rating_afterwards() -> None:
    world = worlds.build(sample=6)
    tickets = {name: ticket_for(world, name) for name in ("ada", "ben")}
    failures: list[BaseException] = []
    barrier = threading.Barrier(3)

    def together(action: Callable[[], object]) -> None:
        try:
            barrier.wait()
            action()
        except Refused:
            pass
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    def submitting(name: str) -> Callable[[], object]:
        raw, by = complete_form(world.study), getattr(world, name)
        return lambda: submit_rating(ticket=tickets[name], raw=raw, active_seconds=1.0, by=by, now=NOW)

    def closing() -> object:
        return close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)

    threads = [
        threading.Thread(target=together, args=(action,)) for action in (submitting("ada"), closing, submitting("ben"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert Slot.objects.count() == Rating.objects.filter(slot__isnull=False).count()
    assert not Rating.objects.filter(slot=None).exists()


@pytest.mark.parametrize("word", ["(other)", "Not clinical", "not  clinical"])
def test_words_that_the_statistics_use_themselves_are_no_concepts(world: World, word: str) -> None:
    with pytest.raises(Incomplete, match="is no concept"):
        submit(world, ticket_for(world), concept=word)


def test_a_late_form_takes_the_place_that_another_window_holds_on_the_same_latent(world: World) -> None:
    ticket = ticket_for(world)
    Slot.objects.filter(latent=ticket.latent).update(institution=None)
    bea = add_rater(world, "bea", world.south)
    Slot.objects.filter(pk=ticket.slot).update(
        state="leased", rater=bea, lease_token=ticket.token, lease_expires_at=LATER
    )
    other = Slot.objects.filter(latent=ticket.latent).exclude(pk=ticket.slot).get()
    Slot.objects.filter(pk=other.pk).update(
        state="leased", rater=world.ada, lease_token="3" * 32, lease_expires_at=LATER
    )
    assert submit(world, ticket).slot == other
    next_slot = claim(study=world.study, by=world.ada, now=NOW)
    assert next_slot is not None
    assert next_slot.latent_id != ticket.latent


def test_who_decided_the_case_cannot_rate_the_latent_afterwards_even_late(world: World) -> None:
    ticket = ticket_for(world)
    Slot.objects.filter(pk=ticket.slot).update(state="open", rater=None, lease_token=None, lease_expires_at=None)
    case = open_case(latent=SampledLatent.objects.get(pk=ticket.latent), why="for the test", now=NOW)
    stored_decision(case, world.ada, rationale="Mine.")
    with pytest.raises(Refused, match="You decided the case"):
        submit(world, ticket)
    assert not Rating.objects.exists()
