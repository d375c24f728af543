"""The last ten ratings are one click away, and can be revised until the round closes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.claiming import claim
from annotation.actions.rating import submit_rating
from annotation.actions.retests import lay_retest
from annotation.actions.revising import revise_rating
from annotation.actions.rounds import close_round, start_round
from annotation.actions.tickets import read_ticket, write_ticket, write_ticket_of
from annotation.enums import AuditVerb, RoundKind
from annotation.models import AuditEvent, Concept, Rating, Round, Snippet, Study, User
from annotation.queries.last_ratings import entered, last_ten
from annotation.queries.own_words import concept_written
from annotation.queries.rating_records import current_ratings
from annotation.rules.answers import Incomplete
from annotation.rules.evidence import Marks, Word
from annotation.rules.refusal import NotYours, Refused
from tests import world as worlds
from tests.world import NOW, World, complete_form, rate_next

SignIn = Callable[[User], Client]
LIST = "/studies/hearts/rate/last/"


@pytest.fixture
def rating(world: World) -> Rating:
    given = rate_next(world.study, world.ada, concept="chest pain")
    assert given is not None
    return given


def revise(world: World, rating: Rating, reason: str = "I had overlooked the second.", **changes: Any) -> Rating:
    return revise_rating(
        rating=rating,
        raw=complete_form(world.study, **changes),
        marks=changes.get("marks", Marks()),
        reason=reason,
        by=world.ada,
        now=NOW + timedelta(minutes=5),
    )


def test_a_revision_is_a_new_row_with_its_reason_and_the_results_take_it(world: World, rating: Rating) -> None:
    revised = revise(world, rating, concept="angina")
    assert (revised.revision, revised.reason) == (2, "I had overlooked the second.")
    assert (revised.slot, revised.round, revised.latent) == (rating.slot, rating.round, rating.latent)
    assert revised.submit_token != rating.submit_token
    assert Rating.objects.get(pk=rating.pk).concept == rating.concept
    (record,) = current_ratings(world.study)
    assert (record.concept, record.revision) == ("angina", 2)
    event = AuditEvent.objects.get(verb=AuditVerb.RATING_REVISED)
    assert event.detail == {"of": rating.pk, "revision": 2}


def test_revising_the_first_again_revises_what_stands(world: World, rating: Rating) -> None:
    revise(world, rating, concept="angina")
    again = revise(world, rating, concept="reflux", reason="Once more.")
    assert again.revision == 3


def test_the_same_form_twice_is_one_revision_and_an_unchanged_one_is_none(world: World, rating: Rating) -> None:
    with pytest.raises(Refused, match="Nothing is changed"):
        revise(world, rating, concept="Chest  Pain")
    first = revise(world, rating, concept="angina")
    assert revise(world, rating, concept="angina") == first
    assert Rating.objects.count() == 2


def test_her_terms_stand_in_her_own_letters_and_never_in_a_colleagues(world: World) -> None:
    """One row serves both, in Ben's letters: shown to Ada, they would tell her that he had been there."""
    rate_next(world.study, world.ben, concept="TAKO-tsubo")
    marks = Marks(evidence=(), fits={}, second_concept="Second THOUGHT")
    slot = claim(study=world.study, by=world.ada, now=NOW)
    assert slot is not None
    ticket = read_ticket(write_ticket(slot), by=world.ada)
    raw = complete_form(world.study, concept="Tako-Tsubo")
    hers = submit_rating(ticket=ticket, raw=raw, marks=marks, active_seconds=1.0, by=world.ada, now=NOW)
    assert hers.concept is not None
    assert hers.concept.name == "TAKO-tsubo"
    (row,) = last_ten(world.ada, world.study)
    assert (row.label, row.second) == ("Tako-Tsubo", "Second THOUGHT")
    filled = entered(hers)
    assert (filled["concept"], filled["second_concept"]) == ("Tako-Tsubo", "Second THOUGHT")
    revised = revise(world, hers, concept="tako-tsubo of pregnancy")
    assert (revised.concept_written, revised.second_concept_written) == ("tako-tsubo of pregnancy", "")


def test_a_rating_from_before_letters_were_kept_shows_nobodys_capitals(world: World) -> None:
    rating = Rating(concept=Concept(name="TAKO-tsubo", created_by=world.ben), outcome="answered")
    assert concept_written(rating) == "tako-tsubo"
    assert concept_written(Rating(concept=Concept(name="ECG", created_by=None))) == "ECG"
    assert concept_written(Rating()) == ""


def test_without_a_reason_or_incomplete_nothing_is_stored(world: World, rating: Rating) -> None:
    with pytest.raises(Incomplete, match="why you change it"):
        revise(world, rating, reason="  \x00 ", concept="angina")
    with pytest.raises(Incomplete) as error:
        revise(world, rating, reason="", rationale="")
    assert set(error.value.problems) == {"rationale", "reason"}
    assert Rating.objects.count() == 1


def test_only_her_own_and_only_while_the_round_is_open(world: World, rating: Rating) -> None:
    with pytest.raises(NotYours):
        revise_rating(
            rating=rating, raw=complete_form(world.study), marks=Marks(), reason="Mine.", by=world.ben, now=NOW
        )
    close_round(round_=rating.round, by=world.rosa, now=NOW)
    with pytest.raises(Refused, match="round is closed"):
        revise(world, rating, concept="angina")


def test_a_calibration_rating_stands(world: World, rating: Rating) -> None:
    round_ = start_round(study=world.study, kind=RoundKind.CALIBRATION, calibration_set=1, now=NOW)
    answered = Rating.objects.create(
        study=world.study,
        latent=rating.latent,
        round=round_,
        rater=world.ada,
        institution=world.north,
        submit_token=worlds.unknown_token(),
        outcome="not-clinical",
        answers={},
        submitted_at=NOW,
    )
    assert [last.rating for last in last_ten(world.ada, world.study)] == []  # rated once more since, in calibration
    with pytest.raises(NotYours):
        revise(world, answered, concept="angina")


def test_marks_are_kept_and_checked_as_in_a_first_rating(world: World, rating: Rating) -> None:
    snippet = Snippet.objects.filter(latent=rating.latent.latent, kind="top").first()
    assert snippet is not None
    marks = Marks(evidence=(Word(snippet=snippet.pk, start=0, end=4),), second_concept="angina")
    revised = revise(world, rating, marks=marks)
    assert revised.evidence == [{"snippet": snippet.pk, "start": 0, "end": 4}]
    assert revised.second_concept is not None
    with pytest.raises(Refused, match="do not belong"):
        revise(world, rating, marks=Marks(evidence=(Word(snippet=snippet.pk, start=0, end=10**6),)))


def test_the_list_holds_the_last_ten_as_they_stand_now(db: None) -> None:
    world = worlds.build(latents=20, sample=14)
    for number in range(12):
        rate_next(world.study, world.ada, now=NOW + timedelta(minutes=number), concept=f"term {number}")
    newest = Rating.objects.get(concept__name="term 11")
    revise(world, newest, concept="term 11, better")
    labels = [last.label for last in last_ten(world.ada, world.study)]
    assert labels == ["term 11, better", *(f"term {number}" for number in range(10, 1, -1))]
    assert last_ten(world.ada, world.study)[0].revisions == 1
    assert last_ten(world.ben, world.study) == ()


def test_the_sheet_is_filled_with_what_she_said_and_takes_the_revision(
    world: World, rating: Rating, signed_in: SignIn
) -> None:
    client = signed_in(world.ada)
    listed = client.get(LIST).content.decode()
    address = reverse("revise_rating", args=["hearts", rating.pk])
    assert "chest pain" in listed
    assert address in listed
    html = client.get(address).content.decode()
    assert 'value="chest pain"' in html
    assert rating.rationale in html
    sent = complete_form(world.study, concept="angina") | {"active_seconds": "12"}
    refused = client.post(address, sent)
    assert refused.status_code == 422
    assert "why you change it" in refused.content.decode()
    assert 'value="angina"' in refused.content.decode()
    taken = client.post(address, sent | {"reason": "Second thought."})
    assert (taken.status_code, taken["Location"]) == (303, LIST)
    html = client.get(LIST).content.decode()
    assert "angina" in html
    assert "revised" in html
    assert Rating.objects.get(revision=2).active_seconds == 12


def test_nobody_opens_anothers_rating(world: World, rating: Rating, signed_in: SignIn) -> None:
    address = reverse("revise_rating", args=["hearts", rating.pk])
    for name, status in (("ben", 404), ("rosa", 403), ("sven", 404)):
        client = signed_in(getattr(world, name))
        assert client.get(address).status_code == status
        assert client.post(address, complete_form(world.study)).status_code == status


def test_a_closed_round_is_listed_without_a_way_to_revise(world: World, rating: Rating, signed_in: SignIn) -> None:
    close_round(round_=rating.round, by=world.rosa, now=NOW)
    client = signed_in(world.ada)
    html = client.get(LIST).content.decode()
    assert "round closed" in html
    address = reverse("revise_rating", args=["hearts", rating.pk])
    response = client.post(address, complete_form(world.study, concept="angina", reason="Late."))
    assert response.status_code == 409
    assert "This round is closed" in response.content.decode()


def test_while_a_retest_is_before_her_and_after_it_the_first_answer_is_out_of_sight(db: None) -> None:
    world = worlds.build(retest_share=1.0)
    first = rate_next(world.study, world.ada)
    assert first is not None
    assert [last.rating for last in last_ten(world.ada, world.study)] == [first.pk]
    due = NOW + timedelta(hours=168)
    held = claim(study=world.study, by=world.ada, now=due)
    assert held is not None
    assert held.round.kind == RoundKind.RETEST
    assert last_ten(world.ada, world.study) == ()
    with pytest.raises(NotYours):
        revise(world, first, concept="angina")
    ticket = read_ticket(write_ticket(held), by=world.ada)
    again = submit_rating(ticket=ticket, raw=complete_form(world.study), active_seconds=1.0, by=world.ada, now=due)
    (listed,) = last_ten(world.ada, world.study)
    assert (listed.rating, listed.round) == (again.pk, 1)


def test_a_revision_lays_no_second_retest(db: None) -> None:
    world = worlds.build(retest_share=1.0)
    first = rate_next(world.study, world.ada)
    assert first is not None
    revised = revise(world, first, concept="angina")
    twin = Round.objects.get(kind=RoundKind.RETEST)
    assert twin.slots.count() == 1
    lay_retest(rating=revised, now=NOW)
    assert twin.slots.count() == 1


def test_a_form_made_of_a_rating_stores_nothing_anew(world: World, rating: Rating) -> None:
    ticket = read_ticket(write_ticket_of(rating), by=world.ada)
    raw = complete_form(world.study, concept="other")
    assert submit_rating(ticket=ticket, raw=raw, active_seconds=1.0, by=world.ada, now=NOW) == rating
    assert Study.objects.get().ratings.count() == 1
