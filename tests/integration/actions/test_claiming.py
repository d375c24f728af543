"""Fifty raters at one counter: no place twice, no rater twice on a latent, none left over."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from annotation.actions.claiming import claim
from annotation.actions.people import add_member
from annotation.actions.rounds import add_slots, open_round, start_round
from annotation.enums import Role, RoundKind, SlotState
from annotation.models import Slot, User
from annotation.rules.refusal import NotYours, Refused
from tests import world as worlds
from tests.world import NOW, World, add_rater, person

LATER = NOW + timedelta(hours=2)


def test_a_rater_who_comes_back_gets_the_latent_that_she_holds(world: World) -> None:
    first = claim(study=world.study, by=world.ada, now=NOW)
    again = claim(study=world.study, by=world.ada, now=NOW + timedelta(minutes=5))
    assert first is not None
    assert again == first


def test_an_institution_gets_its_own_places_only(world: World) -> None:
    slot = claim(study=world.study, by=world.ada, now=NOW)
    assert slot is not None
    assert slot.institution == world.north


def test_a_lease_that_ran_out_is_handed_to_the_next(world: World) -> None:
    held = claim(study=world.study, by=world.ada, now=NOW)
    bea = add_rater(world, "bea", world.north)
    taken = set()
    while slot := claim(study=world.study, by=bea, now=LATER):
        taken.add(slot.pk)
        Slot.objects.filter(pk=slot.pk).update(state=SlotState.SUBMITTED, lease_token=None, lease_expires_at=None)
    assert held is not None
    assert held.pk in taken


def test_a_stranger_and_an_adjudicator_are_refused(world: World) -> None:
    with pytest.raises(NotYours):
        claim(study=world.study, by=world.sven, now=NOW)
    with pytest.raises(Refused, match="role of annotator"):
        claim(study=world.study, by=world.cora, now=NOW)


def test_a_study_without_raters_says_what_to_do(before_round: World) -> None:
    before_round.study.memberships.filter(role=Role.ANNOTATOR).delete()
    with pytest.raises(Refused, match=r"no raters\. Invite physicians"):
        open_round(study=before_round.study, by=before_round.rosa, now=NOW)
    assert not before_round.study.rounds.exists()


@pytest.mark.django_db(transaction=True)
def test_fifty_threads_claim_two_thousand_places_each_once() -> None:
    world = worlds.build(open_the_round=False, latents=50, sample=50)
    raters = [person(f"rater-{number}") for number in range(50)]
    for rater in raters:
        add_member(study=world.study, user=rater, role=Role.ANNOTATOR, institution=world.north, by=None, now=NOW)
    round_ = start_round(study=world.study, kind=RoundKind.INDEPENDENT, now=NOW)
    for latent in world.study.sample.all():
        add_slots(round_=round_, latent=latent, quota=[None] * 40)
    claimed: list[tuple[int, int, int]] = []
    failures: list[BaseException] = []
    barrier = threading.Barrier(len(raters))

    def rate_until_done(rater: User) -> None:
        try:
            barrier.wait()
            while slot := claim(study=world.study, by=rater, now=NOW):
                claimed.append((slot.pk, rater.pk, slot.latent_id))
                Slot.objects.filter(pk=slot.pk).update(
                    state=SlotState.SUBMITTED, lease_token=None, lease_expires_at=None
                )
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=rate_until_done, args=(rater,)) for rater in raters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert max(Counter(slot for slot, _, _ in claimed).values()) == 1
    assert max(Counter((rater, latent) for _, rater, latent in claimed).values()) == 1
    assert len(claimed) == 2000
    assert not Slot.objects.exclude(state=SlotState.SUBMITTED).exists()
