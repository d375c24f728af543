"""A rater withdraws: what is free again, what is gone, and what becomes of what she said."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from annotation.actions.claiming import claim
from annotation.actions.drafting import save_draft
from annotation.actions.follow_up import follow_up
from annotation.actions.people import add_member
from annotation.actions.rating import submit_rating
from annotation.actions.releasing import request_release, write_release
from annotation.actions.results import compute_results
from annotation.actions.rounds import close_round
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.actions.withdrawing import withdraw
from annotation.enums import AuditVerb, Role, SlotState, WithdrawalPolicy
from annotation.models import AuditEvent, Draft, Membership, Rating, Release, Slot, Study, User
from annotation.queries.judging import complete_latents
from annotation.queries.rating_records import current_ratings
from annotation.queries.results import freshness, stale_studies
from annotation.rules.refusal import NotYours, Refused
from tests.world import NOW, World, complete_form, pseudonym, rate_next

LATER = NOW + timedelta(hours=1)


def member(world: World, user: User) -> Membership:
    return Membership.objects.get(study=world.study, user=user, role=Role.ANNOTATOR)


def takes_with_her(world: World) -> None:
    Study.objects.filter(pk=world.study.pk).update(withdrawal=WithdrawalPolicy.WITHHOLD)
    world.study.refresh_from_db()


def leave(world: World, user: User, by: User | None = None) -> Membership:
    return withdraw(membership=member(world, user), by=by or user, now=LATER)


def raters(world: World) -> set[str]:
    return {record.rater for record in current_ratings(world.study)}


def test_her_places_are_free_and_her_drafts_are_gone(world: World) -> None:
    slot = claim(study=world.study, by=world.ada, now=NOW)
    assert slot is not None
    ticket = read_ticket(write_ticket(slot), by=world.ada)
    save_draft(ticket=ticket, answers={"concept": "sepsis"}, by=world.ada, now=NOW)
    kept = Slot.objects.filter(state=SlotState.OPEN).first()
    assert kept is not None
    Slot.objects.filter(pk=kept.pk).update(reserved_for=world.ada, not_before=NOW)
    leave(world, world.ada)
    slot.refresh_from_db()
    kept.refresh_from_db()
    assert (slot.state, slot.rater, slot.lease_token) == (SlotState.OPEN, None, None)
    assert (kept.reserved_for, kept.not_before) == (None, None)
    assert not Draft.objects.exists()
    with pytest.raises(Refused, match="You withdrew from Hearts on 22 November 2026"):
        claim(study=world.study, by=world.ada, now=LATER)
    with pytest.raises(Refused, match="You withdrew"):
        submit_rating_late(world, ticket)


def submit_rating_late(world: World, ticket: object) -> None:
    submit_rating(ticket=ticket, raw=complete_form(world.study), active_seconds=4.0, by=world.ada, now=LATER)  # type: ignore[arg-type]


def test_by_default_her_ratings_stay(world: World) -> None:
    rate_next(world.study, world.ada)
    leave(world, world.ada)
    assert raters(world) == {"R01"}
    assert not member(world, world.ada).ratings_withheld


def test_where_consent_says_so_her_ratings_leave_the_results(world: World) -> None:
    takes_with_her(world)
    for user in (world.ben, world.ada):
        rate_next(world.study, user)
    first = compute_results(study_id=world.study.pk, now=NOW)
    assert first is not None
    assert first.ratings == 2
    leave(world, world.ada)
    assert raters(world) == {"R02"}
    assert Rating.objects.filter(rater=world.ada).count() == 1
    assert freshness(world.study).stale
    assert stale_studies() == [world.study.pk]
    second = compute_results(study_id=world.study.pk, now=LATER + timedelta(seconds=1))
    assert second is not None
    assert (second.ratings, second.raters) == (1, 1)
    assert freshness(world.study).run == second
    assert not freshness(world.study).stale
    assert stale_studies() == []
    assert compute_results(study_id=world.study.pk, now=LATER + timedelta(hours=1)) == second


def test_results_of_before_are_not_taken_for_those_of_after(world: World) -> None:
    """She rates last and takes it back: the ratings left are those of the first computation."""
    takes_with_her(world)
    rate_next(world.study, world.ben)
    compute_results(study_id=world.study.pk, now=NOW)
    rate_next(world.study, world.ada)
    compute_results(study_id=world.study.pk, now=NOW)
    leave(world, world.ada)
    newest = compute_results(study_id=world.study.pk, now=LATER + timedelta(seconds=1))
    assert newest is not None
    assert freshness(world.study).run == newest
    assert newest.ratings == 1


def test_when_nothing_is_left_the_results_are_empty(world: World) -> None:
    takes_with_her(world)
    rate_next(world.study, world.ada)
    compute_results(study_id=world.study.pk, now=NOW)
    leave(world, world.ada)
    empty = compute_results(study_id=world.study.pk, now=LATER + timedelta(seconds=1))
    assert empty is not None
    assert (empty.ratings, empty.agreements.count(), empty.consensuses.count()) == (0, 0, 0)  # type: ignore[attr-defined]
    assert not freshness(world.study).stale
    follow_up(study_id=world.study.pk, now=LATER)


def test_each_withheld_rating_of_an_open_round_leaves_a_place_for_another(world: World) -> None:
    takes_with_her(world)
    rated = rate_next(world.study, world.ada)
    assert rated is not None
    before = Slot.objects.filter(latent=rated.latent).count()
    leave(world, world.ada)
    new = Slot.objects.filter(latent=rated.latent).latest("number")
    assert Slot.objects.filter(latent=rated.latent).count() == before + 1
    assert (new.state, new.institution) == (SlotState.OPEN, rated.slot and rated.slot.institution)


def test_a_latent_that_lost_a_rater_is_judged_again(world: World) -> None:
    takes_with_her(world)
    for user in (world.ada, world.ben):
        while rate_next(world.study, user):
            pass
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    compute_results(study_id=world.study.pk, now=NOW)
    leave(world, world.ada)
    compute_results(study_id=world.study.pk, now=LATER + timedelta(seconds=1))
    assert {latent.given for latent in complete_latents(world.study)} == {1}
    follow_up(study_id=world.study.pk, now=LATER)
    latent = world.study.sample.first()
    assert latent is not None
    assert "1 of the" in latent.state_reason or "institution" in latent.state_reason


def test_withdrawing_twice_is_withdrawing_once(world: World) -> None:
    leave(world, world.ada)
    again = withdraw(membership=member(world, world.ada), by=world.nora, now=LATER + timedelta(days=1))
    assert again.withdrawn_at == LATER
    event = AuditEvent.objects.get(verb=AuditVerb.MEMBER_WITHDREW)
    assert event.detail == {"withheld": False, "freed": 0, "replaced": 0}


@pytest.mark.parametrize("who", ["nora", "rosa"])
def test_who_looks_after_her_does_it_at_her_word(world: World, who: str) -> None:
    assert leave(world, world.ada, by=getattr(world, who)).withdrawn_at == LATER


@pytest.mark.parametrize("who", ["ben", "cora", "sven"])
def test_nobody_else_does(world: World, who: str) -> None:
    with pytest.raises(Refused):
        leave(world, world.ada, by=getattr(world, who))
    assert member(world, world.ada).withdrawn_at is None


def test_a_coordinator_does_it_for_nobody_of_another_institution(world: World) -> None:
    with pytest.raises(NotYours):
        leave(world, world.ben, by=world.nora)


def test_only_raters_withdraw(world: World) -> None:
    with pytest.raises(Refused, match="Only raters withdraw"):
        withdraw(membership=Membership.objects.get(user=world.nora), by=world.nora, now=LATER)


def test_it_stands(world: World) -> None:
    leave(world, world.ada)
    with pytest.raises(Refused, match="that stands"):
        add_member(
            study=world.study, user=world.ada, role=Role.ANNOTATOR, institution=world.north, by=world.rosa, now=LATER
        )


@pytest.mark.django_db(transaction=True)
def test_a_release_leaves_withheld_ratings_out_and_counts_them(world: World) -> None:
    takes_with_her(world)
    for user in (world.ada, world.ben):
        while rate_next(world.study, user, concept=f"idea of {user.name.lower()}"):
            pass
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    leave(world, world.ada)
    release = request_release(study=world.study, by=world.rosa, now=LATER)
    write_release(release_id=release.pk, now=LATER)
    release = Release.objects.get()
    assert release.failure == ""
    assert release.manifest is not None
    assert release.manifest["withheld"] == {"raters": 1, "ratings": 6, "snippets": 0}
    assert release.manifest["tables"]["ratings"]["rows"] == 6
    folder = settings.ARTIFACT_ROOT / release.folder
    assert "6 ratings by 1 rater who withdrew" in " ".join((folder / "README.txt").read_text().split())
    everything = "".join(path.read_text() for path in folder.glob("*.jsonl"))
    assert pseudonym(world.study, world.ben) in everything
    assert json.dumps(pseudonym(world.study, world.ada)) not in everything
    assert "idea of ada" not in everything


def test_pages_without_any_rating_left_still_open(world: World) -> None:
    takes_with_her(world)
    rate_next(world.study, world.ada)
    leave(world, world.ada)
    compute_results(study_id=world.study.pk, now=LATER + timedelta(seconds=1))
    client = Client()
    client.force_login(world.rosa)
    for page in ("", "agreement/", "consensus/", "latents/", "releases/", "cases/"):
        assert client.get(f"/studies/hearts/{page}").status_code == 200
