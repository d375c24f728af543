"""Actions that meet wait for one another and never in a circle (actions.audit says in which order they lock)."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from annotation.actions import audit
from annotation.actions.claiming import claim, one_window_at_a_time
from annotation.actions.declining import decline
from annotation.actions.rating import find_or_add_concepts, submit_rating
from annotation.actions.revising import revise_rating
from annotation.actions.tickets import Ticket, read_ticket, write_ticket
from annotation.actions.withdrawing import withdraw
from annotation.enums import AuditVerb
from annotation.models import Concept, Membership, Rating, Slot, User
from annotation.rules.evidence import Marks
from tests import calibration_world
from tests import world as worlds
from tests.calibration_world import SIZE, answer, membership, take
from tests.world import NOW, World, complete_form, rate_next

pytestmark = pytest.mark.django_db(transaction=True)
LONGEST = 15
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


class Beside:
    """An action in a thread of its own, so that it can be made to wait for what this thread holds."""

    def __init__(self, action: Callable[[], Any]) -> None:
        self.action, self.failure = action, None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    failure: BaseException | None

    def _run(self) -> None:
        try:
            self.action()
        except BaseException as error:
            self.failure = error
        finally:
            connection.close()

    def done(self) -> None:
        self.thread.join(LONGEST)
        assert not self.thread.is_alive()
        assert self.failure is None


def until_waiting(number: int = 1) -> None:
    """So many sessions wait for a lock."""
    for _ in range(100 * LONGEST):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(WAITING)
            if cursor.fetchone() == (number,):
                return
        time.sleep(0.01)
    raise AssertionError("Nobody waits.")


def ticket_for(world: World, user: User) -> Ticket:
    slot = claim(study=world.study, by=user, now=NOW)
    assert slot is not None
    return read_ticket(write_ticket(slot), by=user)


def test_two_raters_with_the_same_two_new_terms_the_other_way_round_both_come_through() -> None:
    world = worlds.build()

    def submitting(user: User, first: str, second: str) -> Callable[[], Rating]:
        ticket, raw = ticket_for(world, user), complete_form(world.study, concept=first)
        marks = Marks(second_concept=second)
        return lambda: submit_rating(ticket=ticket, raw=raw, marks=marks, active_seconds=1.0, by=user, now=NOW)

    for turn in range(5):
        one, other = f"alpha {turn}", f"beta {turn}"
        hers, his = submitting(world.ada, one, other.upper()), submitting(world.ben, other, one.upper())
        with transaction.atomic():  # A term that a third person is writing at the moment: both must wait for it.
            Concept.objects.create(study=world.study, name=one, created_by=world.cora, created_at=NOW)
            ada = Beside(hers)
            until_waiting(1)
            ben = Beside(his)
            until_waiting(2)
            transaction.set_rollback(True)
        ada.done()
        ben.done()
    assert Rating.objects.count() == 10
    assert Concept.objects.exclude(created_by=None).count() == 10


@pytest.mark.parametrize("ends", ["submitted", "declined"])
def test_the_last_calibration_latent_comes_in_while_her_membership_is_being_written_to(ends: str) -> None:
    """As when her hours are signed: the membership first, then the audit."""
    world = calibration_world.calibrated()
    for _ in range(SIZE - 1):
        answer(world, world.ada)
    slot = take(world, world.ada)
    assert slot is not None
    ticket, raw = read_ticket(write_ticket(slot), by=world.ada), complete_form(world.study)
    with transaction.atomic():
        hers = Membership.objects.select_for_update(no_key=True).get(pk=membership(world, world.ada).pk)
        if ends == "submitted":
            last = Beside(lambda: submit_rating(ticket=ticket, raw=raw, active_seconds=1.0, by=world.ada, now=NOW))
        else:
            last = Beside(lambda: decline(ticket=ticket, by=world.ada, now=NOW))
        until_waiting()
        audit.record(AuditVerb.HOURS_SIGNED, hers, by=world.nora, now=NOW, study=world.study)
    last.done()


def test_a_rater_who_is_withdrawn_while_she_submits_in_the_calibration() -> None:
    """A submit holds its place before it looks at the membership; so does who withdraws her."""
    world = calibration_world.calibrated()
    slot = take(world, world.ada)
    assert slot is not None
    hers = membership(world, world.ada)
    with transaction.atomic():
        Slot.objects.select_for_update(no_key=True).get(pk=slot.pk)
        leaving = Beside(lambda: withdraw(membership=hers, by=world.nora, now=NOW))
        until_waiting()
        Membership.objects.select_for_update(no_key=True).get(pk=hers.pk)
    leaving.done()
    hers.refresh_from_db()
    assert hers.withdrawn_at == NOW


def test_one_person_who_revises_in_one_window_and_submits_the_same_new_term_in_another() -> None:
    """A submit holds the person before it writes its terms; so does a revision."""
    world = worlds.build()
    rating = rate_next(world.study, world.ada)
    assert rating is not None
    raw = complete_form(world.study, concept="gamma")
    with transaction.atomic():
        one_window_at_a_time(world.ada)
        revising = Beside(
            lambda: revise_rating(rating=rating, raw=raw, marks=Marks(), reason="Again.", by=world.ada, now=NOW)
        )
        until_waiting()
        find_or_add_concepts(study=world.study, names=["gamma"], by=world.ada, now=NOW)
    revising.done()
    assert Rating.objects.filter(concept__name="gamma").count() == 1
