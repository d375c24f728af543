"""Blinded readings: which rationales are asked for, who may read which, and what a reading is worth."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from annotation.actions.asking_readings import ask_readings, close_readings
from annotation.actions.claiming import claim
from annotation.actions.people import add_member
from annotation.actions.reading import claim_reading, submit_reading
from annotation.actions.reading_drafts import save_reading_draft
from annotation.actions.reading_tickets import read_reading_ticket, write_reading_ticket
from annotation.actions.reporting import report_snippet
from annotation.actions.rounds import add_slots, start_round
from annotation.actions.studies import create_study
from annotation.enums import LatentState, Role, RoundKind, RoundState, SlotState, SnippetKind
from annotation.models import (
    AuditEvent,
    Draft,
    Membership,
    Reading,
    ReadingSlot,
    Reference,
    SampledLatent,
    Slot,
    Snippet,
)
from annotation.queries.my_studies import my_studies
from annotation.queries.reach import reaches
from annotation.queries.reading_candidates import reading_candidates
from annotation.queries.readings_waiting import readings_left, readings_waiting
from annotation.queries.round_progress import round_progress
from annotation.rules.answers import Incomplete
from annotation.rules.next_task import explained
from annotation.rules.refusal import NotYours, Refused
from tests import calibration_world, reading_world
from tests.calibration_world import DIFFERS, answer_set, membership
from tests.reading_world import ReadWorld, add_held_out, read_next, settle, truth
from tests.world import NOW, World, add_rater, rate_next


@pytest.fixture
def ready(world: World) -> ReadWorld:
    return reading_world.build(world)


@pytest.fixture
def asked(world: World) -> ReadWorld:
    return reading_world.asked(world)


def laid(world: World) -> list[ReadingSlot]:
    return list(ReadingSlot.objects.filter(round__study=world.study).order_by("rating"))


def test_the_study_s_share_of_rationales_is_asked_for(ready: ReadWorld) -> None:
    study = ready.world.study
    study.reading_share = 0.25
    study.save()
    asked = ask_readings(study=study, by=ready.world.rosa, now=NOW)
    assert (asked.laid, asked.rationales, asked.unreadable) == (3, 12, 0)
    assert study.rounds.get(kind=RoundKind.READING).state == RoundState.OPEN


def test_asking_again_asks_for_nothing_twice_and_adds_what_became_due(ready: ReadWorld) -> None:
    study = ready.world.study
    study.reading_share = 0.25
    study.save()
    first = ask_readings(study=study, by=ready.world.rosa, now=NOW)
    assert ask_readings(study=study, by=ready.world.rosa, now=NOW).laid == 0
    study.reading_share = 0.5
    study.save()
    assert ask_readings(study=study, by=ready.world.rosa, now=NOW).laid == 6 - first.laid
    assert study.rounds.filter(kind=RoundKind.READING).count() == 1
    assert len({slot.rating_id for slot in laid(ready.world)}) == 6


def test_the_seed_chooses_the_rationales_and_their_snippets(ready: ReadWorld) -> None:
    study = ready.world.study
    study.reading_share = 0.5
    study.save()

    def ask() -> list[tuple[int, list[int]]]:
        with transaction.atomic():
            ask_readings(study=study, by=ready.world.rosa, now=NOW)
            found = [(slot.rating_id, slot.snippets) for slot in laid(ready.world)]
            transaction.set_rollback(True)
        return found

    first = ask()
    assert ask() == first
    study.seed += 1
    study.save()
    assert ask() != first


def test_the_round_s_places_are_counted_among_the_rounds(asked: ReadWorld) -> None:
    (reading,) = [each for each in round_progress(asked.world.study) if each.kind == RoundKind.READING]
    assert (reading.places, reading.rated) == (ReadingSlot.objects.count(), 0)
    assert reading.places > 0


def test_each_place_has_ten_firing_and_ten_silent_snippets_of_its_latent(asked: ReadWorld) -> None:
    for slot in laid(asked.world):
        fires = truth(slot.snippets)
        assert sorted(fires.values()) == [False] * 10 + [True] * 10
        assert {snippet.latent_id for snippet in Snippet.objects.filter(pk__in=slot.snippets)} == {
            slot.rating.latent.latent_id
        }
        firing = Snippet.objects.filter(pk__in=slot.snippets, kind=SnippetKind.HELD_OUT)
        assert firing.values("decile").distinct().count() == 10


def test_a_rationale_of_a_latent_with_too_few_held_out_snippets_is_not_asked_for(world: World) -> None:
    rate_next(world.study, world.ada)
    settle(world.study)
    add_rater(world, "eva", world.south)
    with pytest.raises(Refused, match="nothing to read yet"):
        ask_readings(study=world.study, by=world.rosa, now=NOW)


def test_where_everybody_rated_nobody_can_read_and_it_says_so(world: World) -> None:
    for user in (world.ada, world.ben):
        while rate_next(world.study, user):
            pass
    settle(world.study)
    for latent in world.study.sample.select_related("latent"):
        add_held_out(latent.latent)
    with pytest.raises(Refused, match="Invite readers"):
        ask_readings(study=world.study, by=world.rosa, now=NOW)
    assert not world.study.rounds.filter(kind=RoundKind.READING).exists()


def test_only_the_researcher_asks(ready: ReadWorld) -> None:
    for person in (ready.world.ada, ready.world.nora, ready.world.cora):
        with pytest.raises(Refused, match="role of researcher"):
            ask_readings(study=ready.world.study, by=person, now=NOW)


def test_unanswered_ratings_have_no_rationale_to_read(world: World) -> None:
    rate_next(world.study, world.ada, outcome="cannot-tell")
    settle(world.study)
    for latent in world.study.sample.select_related("latent"):
        add_held_out(latent.latent)
    add_rater(world, "eva", world.south)
    with pytest.raises(Refused, match="nothing to read yet"):
        ask_readings(study=world.study, by=world.rosa, now=NOW)


def test_who_rated_the_latent_is_handed_none_of_its_rationales(asked: ReadWorld) -> None:
    for user in (asked.world.ada, asked.world.ben):
        assert claim_reading(study=asked.world.study, by=user, now=NOW) is None
    assert readings_left(membership(asked.world, asked.world.ada)) == 0
    slot = claim_reading(study=asked.world.study, by=asked.eva, now=NOW)
    assert slot is not None
    assert slot.rating.rater_id in (asked.world.ada.pk, asked.world.ben.pk)


def test_a_reader_meets_each_latent_once_and_all_of_them(asked: ReadWorld) -> None:
    assert readings_left(membership(asked.world, asked.eva)) == 6
    read = []
    while reading := read_next(asked.world.study, asked.eva):
        read.append(reading.rating.latent_id)
    assert len(read) == len(set(read)) == 6
    assert readings_left(membership(asked.world, asked.eva)) == 0


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.ADJUDICATOR])
def test_who_may_see_the_ratings_is_no_blind_reader(asked: ReadWorld, role: Role) -> None:
    """Not even if she rates there too; nor who sees them in another study on the same run."""
    study, closed = asked.world.study, asked.world.study.sample.earliest("position")
    other = create_study(
        slug="o", name="O", purpose="", rubric=study.rubric, run=study.run, concepts=[], by=asked.world.rosa, now=NOW
    )
    SampledLatent.objects.create(study=other, latent=closed.latent, position=1, stratum="rare")
    add_member(study=other, user=asked.eva, role=role, institution=None, by=None, now=NOW)
    assert readings_left(annotator(asked)) == 5
    slot = ReadingSlot.objects.filter(rating__latent=closed).earliest("pk")
    with pytest.raises(IntegrityError, match="cannot read its rationales blind"), transaction.atomic():
        place_reader(slot, asked.eva)
    add_member(study=study, user=asked.eva, role=role, institution=None, by=None, now=NOW)
    assert claim_reading(study=study, by=asked.eva, now=NOW) is None
    assert not any(one.readable for one in reading_candidates(study))


def annotator(asked: ReadWorld) -> Membership:
    return Membership.objects.get(study=asked.world.study, user=asked.eva, role=Role.ANNOTATOR)


def test_what_waits_to_be_read_is_said_to_her_and_to_who_looks_after_her(asked: ReadWorld) -> None:
    study, eva = asked.world.study, annotator(asked)
    ada = Membership.objects.get(study=study, user=asked.world.ada)
    assert readings_waiting([eva, ada]) == {eva.pk: 6, ada.pk: 0}
    found = reaches(study, [eva, ada], now=NOW)
    assert explained(found[eva.pk].standing) == "Next: 6 rationales to read."
    assert explained(found[ada.pk].standing) == "Nothing waits for her."
    (mine,) = my_studies(asked.eva, now=NOW)
    (errand,) = mine.errands
    assert (errand.page, errand.waiting, errand.sentence) == ("read", True, "6 rationales wait for a blinded reader.")
    held = claim_reading(study=study, by=asked.eva, now=NOW)
    assert held is not None
    assert readings_waiting([eva]) == {eva.pk: 6}


def test_a_latent_that_she_may_yet_be_asked_to_rate_is_not_read_by_her(asked: ReadWorld) -> None:
    study = asked.world.study
    study.sample.update(state=LatentState.AMBIGUOUS)
    assert claim_reading(study=study, by=asked.eva, now=NOW) is None
    first = study.sample.first()
    assert first is not None
    study.sample.filter(pk=first.pk).update(state=LatentState.ACCEPTED)
    slot = claim_reading(study=study, by=asked.eva, now=NOW)
    assert slot is not None
    assert slot.rating.latent_id == first.pk


def test_another_study_of_hers_on_the_same_run_keeps_a_latent_closed_to_her(asked: ReadWorld) -> None:
    world = asked.world
    other = create_study(
        slug="other",
        name="Other",
        purpose="",
        rubric=world.study.rubric,
        run=world.study.run,
        concepts=[],
        by=world.rosa,
        now=NOW,
    )
    add_member(study=other, user=asked.eva, role=Role.ANNOTATOR, institution=world.south, by=None, now=NOW)
    for position, latent in enumerate(world.study.sample.all(), start=1):
        SampledLatent.objects.create(study=other, latent=latent.latent, position=position, stratum="rare")
    assert claim_reading(study=world.study, by=asked.eva, now=NOW) is None


def test_who_has_read_of_a_latent_is_never_handed_it_to_rate(asked: ReadWorld) -> None:
    world = asked.world
    reading = read_next(world.study, asked.eva)
    assert reading is not None
    round_ = world.study.rounds.get(number=1)
    slot = Slot.objects.create(round=round_, latent=reading.rating.latent, number=77)
    with pytest.raises(IntegrityError, match="read a rationale"), transaction.atomic():
        Slot.objects.filter(pk=slot.pk).update(
            state="leased", rater=asked.eva, lease_token="1" * 32, lease_expires_at=NOW
        )


def test_a_claim_of_ratings_passes_over_what_she_has_read(asked: ReadWorld) -> None:
    world = asked.world
    reading = read_next(world.study, asked.eva)
    assert reading is not None
    world.study.sample.update(state=LatentState.RECRUITING)
    round_ = start_round(study=world.study, kind=RoundKind.EXTRA, now=NOW)
    for latent in world.study.sample.all():
        add_slots(round_=round_, latent=latent, quota=[None])
    handed = set()
    while slot := claim(study=world.study, by=asked.eva, now=NOW):
        handed.add(slot.latent_id)
        Slot.objects.filter(pk=slot.pk).update(state=SlotState.SUBMITTED, lease_token=None, lease_expires_at=None)
    assert handed == {latent.pk for latent in world.study.sample.all()} - {reading.rating.latent_id}


def place_reader(slot: ReadingSlot, user: Any) -> None:
    ReadingSlot.objects.filter(pk=slot.pk).update(
        state="leased", reader=user, lease_token="2" * 32, lease_expires_at=NOW
    )


def test_the_database_refuses_a_reader_who_rated_holds_or_referenced_the_latent(asked: ReadWorld) -> None:
    world, slot = asked.world, laid(asked.world)[0]
    for user in (world.ada, world.ben):
        with pytest.raises(IntegrityError, match="cannot read its rationales"), transaction.atomic():
            place_reader(slot, user)
    with transaction.atomic():
        Slot.objects.create(
            round=world.study.rounds.get(number=1), latent=slot.rating.latent, number=78, reserved_for=asked.eva
        )
        with pytest.raises(IntegrityError, match="cannot read its rationales"), transaction.atomic():
            place_reader(slot, asked.eva)
        transaction.set_rollback(True)
    Reference.objects.create(
        latent=slot.rating.latent, item="concept", distribution={"x": 1}, set_by=asked.eva, set_at=NOW
    )
    with pytest.raises(IntegrityError, match="cannot read its rationales"), transaction.atomic():
        place_reader(slot, asked.eva)


def test_a_reading_belongs_to_its_place(asked: ReadWorld) -> None:
    slot, other = laid(asked.world)[:2]
    place_reader(slot, asked.eva)
    for rating, reader in ((other.rating, asked.eva), (slot.rating, asked.world.sven)):
        with pytest.raises(IntegrityError, match="not the reader's place"), transaction.atomic():
            Reading.objects.create(
                study=asked.world.study,
                slot=slot,
                rating=rating,
                reader=reader,
                institution=asked.world.south,
                judgements={},
                balanced_accuracy=0.5,
                submit_token="3" * 32,
                submitted_at=NOW,
            )


def test_readings_are_append_only(asked: ReadWorld) -> None:
    reading = read_next(asked.world.study, asked.eva)
    assert reading is not None
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Reading.objects.filter(pk=reading.pk).update(balanced_accuracy=1)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        reading.delete()


@pytest.mark.parametrize(("always", "score"), [(True, 0.5), (False, 0.5), (None, 1.0)])
def test_a_reading_is_worth_its_balanced_accuracy(asked: ReadWorld, always: bool | None, score: float) -> None:
    reading = read_next(asked.world.study, asked.eva, always=always)
    assert reading is not None
    assert reading.balanced_accuracy == score
    assert len(reading.judgements) == 20
    event = AuditEvent.objects.get(verb="reading-submitted")
    assert event.detail == {}, "neither the score nor what was read"


def test_the_same_form_sent_twice_stores_one_reading(asked: ReadWorld) -> None:
    slot = claim_reading(study=asked.world.study, by=asked.eva, now=NOW)
    assert slot is not None
    ticket = read_reading_ticket(write_reading_ticket(slot), by=asked.eva)
    judged = dict.fromkeys(slot.snippets, True)
    first = submit_reading(ticket=ticket, judgements=judged, active_seconds=None, by=asked.eva, now=NOW)
    changed = dict.fromkeys(slot.snippets, False)
    again = submit_reading(ticket=ticket, judgements=changed, active_seconds=None, by=asked.eva, now=NOW)
    assert again == first
    assert set(again.judgements.values()) == {True}


def test_a_reading_that_lacks_a_judgement_stores_nothing_and_names_the_snippet(asked: ReadWorld) -> None:
    slot = claim_reading(study=asked.world.study, by=asked.eva, now=NOW)
    assert slot is not None
    ticket = read_reading_ticket(write_reading_ticket(slot), by=asked.eva)
    judged = dict.fromkeys(slot.snippets[:2] + slot.snippets[3:], True)
    with pytest.raises(Incomplete, match="Snippet 3 has no answer yet") as error:
        submit_reading(ticket=ticket, judgements=judged, active_seconds=None, by=asked.eva, now=NOW)
    assert set(error.value.problems) == {f"snippet-{slot.snippets[2]}"}
    with pytest.raises(Refused, match="not shown to you"):
        submit_reading(
            ticket=ticket, judgements={**truth(slot.snippets), 0: True}, active_seconds=None, by=asked.eva, now=NOW
        )
    assert not Reading.objects.exists()


def test_a_ticket_is_one_reader_s(asked: ReadWorld) -> None:
    slot = claim_reading(study=asked.world.study, by=asked.eva, now=NOW)
    assert slot is not None
    text = write_reading_ticket(slot)
    with pytest.raises(Refused, match="opened by someone else"):
        read_reading_ticket(text, by=asked.world.ada)
    with pytest.raises(Refused, match="does not come from this site"):
        read_reading_ticket(text + "x", by=asked.eva)


def test_her_place_waits_for_her_until_a_colleague_took_it(asked: ReadWorld) -> None:
    study = asked.world.study
    slot = claim_reading(study=study, by=asked.eva, now=NOW)
    assert slot is not None
    assert claim_reading(study=study, by=asked.eva, now=NOW) == slot
    ticket = read_reading_ticket(write_reading_ticket(slot), by=asked.eva)
    place_reader(slot, add_rater(asked.world, "finn", asked.world.north))
    with pytest.raises(Refused, match="a colleague has read it meanwhile"):
        submit_reading(ticket=ticket, judgements=truth(slot.snippets), active_seconds=None, by=asked.eva, now=NOW)


def test_a_lease_that_ran_out_is_free_for_others(asked: ReadWorld) -> None:
    study = asked.world.study
    ReadingSlot.objects.exclude(pk=laid(asked.world)[0].pk).delete()
    slot = claim_reading(study=study, by=asked.eva, now=NOW)
    finn = add_rater(asked.world, "finn", asked.world.north)
    assert claim_reading(study=study, by=finn, now=NOW) is None
    assert claim_reading(study=study, by=finn, now=NOW + timedelta(days=1)) == slot


def test_a_reading_late_on_a_place_that_is_still_free_is_kept(asked: ReadWorld) -> None:
    slot = claim_reading(study=asked.world.study, by=asked.eva, now=NOW)
    assert slot is not None
    ticket = read_reading_ticket(write_reading_ticket(slot), by=asked.eva)
    ReadingSlot.objects.filter(pk=slot.pk).update(
        state=SlotState.OPEN, reader=None, lease_token=None, lease_expires_at=None
    )
    late = NOW + timedelta(days=1)
    kept = submit_reading(ticket=ticket, judgements=truth(slot.snippets), active_seconds=None, by=asked.eva, now=late)
    assert kept.balanced_accuracy == 1


def test_a_snippet_that_was_hidden_since_is_replaced_before_anyone_sees_it(asked: ReadWorld) -> None:
    world = asked.world
    slot = claim_reading(study=world.study, by=asked.eva, now=NOW)
    assert slot is not None
    hidden = Snippet.objects.filter(pk__in=slot.snippets, rank__gte=100, kind=SnippetKind.HELD_OUT).first()
    assert hidden is not None
    report_snippet(study=world.study, snippet=hidden, by=asked.eva, now=NOW)
    again = claim_reading(study=world.study, by=asked.eva, now=NOW)
    assert again is not None
    assert again.pk == slot.pk
    assert hidden.pk not in again.snippets
    assert sorted(truth(again.snippets).values()) == [False] * 10 + [True] * 10


def test_a_rationale_whose_snippets_became_too_few_is_passed_over(asked: ReadWorld) -> None:
    world = asked.world
    slot = claim_reading(study=world.study, by=asked.eva, now=NOW)
    assert slot is not None
    ReadingSlot.objects.exclude(rating__latent=slot.rating.latent_id).delete()
    for snippet in Snippet.objects.filter(latent=slot.rating.latent.latent_id, kind=SnippetKind.HELD_OUT)[:6]:
        report_snippet(study=world.study, snippet=snippet, by=asked.eva, now=NOW)
    assert claim_reading(study=world.study, by=asked.eva, now=NOW) is None
    assert set(ReadingSlot.objects.values_list("state", flat=True)) == {SlotState.OPEN}


def test_who_has_not_passed_the_calibration_reads_nothing(db: None) -> None:
    world = calibration_world.calibrated()
    with pytest.raises(Refused, match="once you have passed"):
        claim_reading(study=world.study, by=world.ada, now=NOW)


def test_who_passed_the_first_set_may_read_rationales_of_the_second(db: None) -> None:
    world = calibration_world.calibrated()
    answer_set(world, world.ada)
    answer_set(world, world.ben, DIFFERS)
    answer_set(world, world.ben)
    for latent in SampledLatent.everything.filter(study=world.study).exclude(calibration_set=None):
        add_held_out(latent.latent)
    world.study.reading_share = 1.0
    world.study.save()
    asked = ask_readings(study=world.study, by=world.rosa, now=NOW)
    assert (asked.laid, asked.unreadable) == (3, 6), "both rated the first set"
    reading = read_next(world.study, world.ada)
    assert reading is not None
    assert (reading.rating.rater, reading.rating.latent.calibration_set) == (world.ben, 2)


def test_strangers_and_other_roles_read_nothing(asked: ReadWorld) -> None:
    with pytest.raises(NotYours):
        claim_reading(study=asked.world.study, by=asked.world.sven, now=NOW)
    with pytest.raises(Refused, match="role of annotator"):
        claim_reading(study=asked.world.study, by=asked.world.rosa, now=NOW)


def test_a_draft_is_kept_and_gone_with_the_reading(asked: ReadWorld) -> None:
    slot = claim_reading(study=asked.world.study, by=asked.eva, now=NOW)
    assert slot is not None
    ticket = read_reading_ticket(write_reading_ticket(slot), by=asked.eva)
    name = f"snippet-{slot.snippets[0]}"
    save_reading_draft(ticket=ticket, answers={name: "fires", "other": "x"}, by=asked.eva, now=NOW)
    assert Draft.objects.get().answers == {name: "fires"}
    submit_reading(ticket=ticket, judgements=truth(slot.snippets), active_seconds=None, by=asked.eva, now=NOW)
    assert not Draft.objects.exists()
    assert save_reading_draft(ticket=ticket, answers={name: "fires"}, by=asked.eva, now=NOW) is None


def test_closing_takes_no_more_readings_and_keeps_those_given(asked: ReadWorld) -> None:
    world = asked.world
    read_next(world.study, asked.eva)
    slot = claim_reading(study=world.study, by=asked.eva, now=NOW)
    assert slot is not None
    ticket = read_reading_ticket(write_reading_ticket(slot), by=asked.eva)
    close_readings(study=world.study, by=world.rosa, now=NOW)
    with pytest.raises(Refused, match="round is closed"):
        submit_reading(ticket=ticket, judgements=truth(slot.snippets), active_seconds=None, by=asked.eva, now=NOW)
    assert ReadingSlot.objects.count() == Reading.objects.count() == 1
    with pytest.raises(Refused, match="No readings are asked for"):
        close_readings(study=world.study, by=world.rosa, now=NOW)
