"""Calibration from the draw of its sets to a rater who passed, failed, or was let through."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from annotation.actions.calibrating import judge, lay_places, let_through, open_calibration
from annotation.actions.calibration_sets import draw_calibration_sets
from annotation.actions.claiming import claim
from annotation.actions.declining import decline
from annotation.actions.drafting import save_draft
from annotation.actions.people import add_member
from annotation.actions.references import GivenReference, set_reference
from annotation.actions.revising import revise_rating
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import AuditVerb, Role, RoundKind, RoundState, SlotState
from annotation.models import AuditEvent, Rating, Reference, Round, SampledLatent, Slot
from annotation.queries.calibration_result import compared_answers
from annotation.queries.calibration_standing import calibration_standing
from annotation.rules.answers import Incomplete
from annotation.rules.calibration import CalibrationState, Standing
from annotation.rules.evidence import Marks
from annotation.rules.refusal import NotYours, Refused
from tests import calibration_world as worlds
from tests.calibration_world import AGREES, DIFFERS, SIZE, answer, answer_set, favoured, membership, of_set, refer, take
from tests.concept_world import merge
from tests.world import NOW, World, complete_form, rate_next

PASSED = Standing(state=CalibrationState.PASSED)
FAILED = Standing(state=CalibrationState.FAILED)
NOT_NEEDED = Standing(state=CalibrationState.NOT_NEEDED)


def due(number: int) -> Standing:
    return Standing(state=CalibrationState.DUE, set=number)


@pytest.fixture
def before(db: None) -> World:
    """Nothing of calibration is drawn."""
    return worlds.build()


@pytest.fixture
def drawn(before: World) -> World:
    worlds.draw(before)
    return before


@pytest.fixture
def asked(db: None) -> World:
    """Both sets are open."""
    return worlds.calibrated()


def test_both_sets_are_drawn_beside_the_sample(drawn: World) -> None:
    sample = set(drawn.study.sample.values_list("latent", flat=True))
    sets = [{row.latent_id for row in of_set(drawn.study, number)} for number in (1, 2)]
    assert [len(one) for one in sets] == [SIZE, SIZE]
    assert not (sets[0] | sets[1]) & sample
    assert not sets[0] & sets[1]
    assert drawn.study.sample.count() == 4
    assert {row.stratum for row in of_set(drawn.study, 1)} == {"frequent", "middling", "rare"}
    assert all(row.latent.snippets.exists() for row in of_set(drawn.study, 2))


def test_the_same_seed_draws_the_same_sets(before: World) -> None:
    def draw() -> list[int]:
        with transaction.atomic():
            found = [row.latent_id for row in worlds.draw(before)]
            transaction.set_rollback(True)
        return found

    first = draw()
    assert draw() == first
    before.study.seed += 10
    before.study.save()
    assert draw() != first


@pytest.mark.parametrize("latents", [2, 51])
def test_a_set_too_small_or_too_large_is_refused(before: World, latents: int) -> None:
    with pytest.raises(Refused, match="3 to 50 latents"):
        draw_calibration_sets(study=before.study, latents=latents, by=before.rosa, now=NOW)


def test_sets_that_do_not_fit_beside_the_sample_leave_nothing_behind(before: World) -> None:
    with pytest.raises(Refused, match="Ask for smaller sets"):
        draw_calibration_sets(study=before.study, latents=10, by=before.rosa, now=NOW)
    assert SampledLatent.everything.filter(study=before.study).count() == 4


def test_sets_are_drawn_once_and_by_the_researcher(drawn: World) -> None:
    with pytest.raises(Refused, match="have been drawn"):
        worlds.draw(drawn)
    with pytest.raises(Refused, match="role of researcher"):
        draw_calibration_sets(study=drawn.study, latents=SIZE, by=drawn.nora, now=NOW)


def test_a_reference_is_stored_a_row_an_item_and_stays(drawn: World) -> None:
    latent = of_set(drawn.study, 1)[0]
    rows = set_reference(latent=latent, given=favoured(), by=drawn.cora, now=NOW)
    assert {row.item for row in rows} == {"concept", "category", "coherence", "specificity"}
    assert Reference.objects.get(latent=latent, item="concept").distribution == {
        "Chest pain": 0.8,
        "unstable angina": 0.2,
    }
    with pytest.raises(Refused, match="can be corrected"):
        set_reference(latent=latent, given=favoured(), by=drawn.cora, now=NOW)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Reference.objects.filter(latent=latent).update(clause="other")
    set_reference(latent=latent, given=favoured(), by=drawn.rosa, now=NOW)
    assert Reference.objects.filter(latent=latent, item="concept").count() == 2


@pytest.mark.parametrize(
    ("changes", "item", "sentence"),
    [
        ({"concept": GivenReference(shares={})}, "concept", "Name at least one concept"),
        ({"concept": GivenReference(shares={"gout": 0.5}, rationale="x")}, "concept", "add to 50 per cent"),
        ({"concept": GivenReference(shares={"gout": 1.0})}, "concept", "Say why"),
        ({"concept": GivenReference(shares={"": 1.0}, rationale="x")}, "concept", "beside no concept"),
        ({"concept": GivenReference(shares={"a": 1.0, "b": 0}, rationale="x")}, "concept", "“b” has no share"),
        ({"category": GivenReference(shares={"weather": 1.0})}, "category", "no answer “weather”"),
        ({"coherence": GivenReference(shares={"4": 0.7, "5": 0.7})}, "coherence", "add to 140"),
        ({"specificity": GivenReference(shares={"4": 1.0}, clause="x" * 4001)}, "specificity", "longer than 4000"),
    ],
)
def test_a_reference_that_is_none_is_refused_whole(
    drawn: World, changes: dict[str, GivenReference], item: str, sentence: str
) -> None:
    with pytest.raises(Incomplete, match=sentence) as error:
        set_reference(latent=of_set(drawn.study, 1)[0], given=favoured(**changes), by=drawn.cora, now=NOW)
    assert set(error.value.problems) == {item}
    assert not Reference.objects.exists()


def test_only_the_panel_sets_references(drawn: World) -> None:
    latent = of_set(drawn.study, 1)[0]
    for person in (drawn.ada, drawn.nora):
        with pytest.raises(Refused, match="role of adjudicator or researcher"):
            set_reference(latent=latent, given=favoured(), by=person, now=NOW)
    with pytest.raises(NotYours):
        set_reference(latent=latent, given=favoured(), by=drawn.sven, now=NOW)


def test_a_latent_of_the_sample_has_no_reference(drawn: World) -> None:
    latent = drawn.study.sample.first()
    assert latent is not None
    with pytest.raises(Refused, match="in no calibration set"):
        set_reference(latent=latent, given=favoured(), by=drawn.cora, now=NOW)


def test_a_set_opens_once_every_latent_has_a_reference(drawn: World) -> None:
    set_reference(latent=of_set(drawn.study, 1)[0], given=favoured(), by=drawn.cora, now=NOW)
    with pytest.raises(Refused, match="1 of the 3 latents"):
        open_calibration(study=drawn.study, set_number=1, by=drawn.rosa, now=NOW)
    refer(drawn, 1, by=drawn.rosa)
    round_ = open_calibration(study=drawn.study, set_number=1, by=drawn.rosa, now=NOW)
    assert (round_.kind, round_.calibration_set, round_.state) == (RoundKind.CALIBRATION, 1, RoundState.OPEN)
    with pytest.raises(Refused, match="opened already"):
        open_calibration(study=drawn.study, set_number=1, by=drawn.rosa, now=NOW)
    with pytest.raises(Refused, match="no such calibration set"):
        open_calibration(study=drawn.study, set_number=3, by=drawn.rosa, now=NOW)


def test_the_references_of_an_open_set_are_fixed(asked: World) -> None:
    with pytest.raises(Refused, match="its references are fixed"):
        set_reference(latent=of_set(asked.study, 1)[0], given=favoured(), by=asked.rosa, now=NOW)


def test_a_study_without_calibration_asks_for_none(before: World, drawn: World) -> None:
    assert calibration_standing(membership(drawn, drawn.ada)) == NOT_NEEDED
    assert lay_places(study=drawn.study, membership=membership(drawn, drawn.ada), now=NOW) is None


def test_every_rater_has_places_of_her_own_on_the_whole_set_once(asked: World) -> None:
    for user in (asked.ada, asked.ben, asked.ada):
        lay_places(study=asked.study, membership=membership(asked, user), now=NOW)
    slots = Slot.objects.filter(round__kind=RoundKind.CALIBRATION)
    assert slots.count() == 2 * SIZE
    for user in (asked.ada, asked.ben):
        assert {slot.latent_id for slot in slots.filter(reserved_for=user)} == {
            row.pk for row in of_set(asked.study, 1)
        }


def test_who_answers_as_the_panel_does_passes_after_the_last_latent(asked: World) -> None:
    for _ in range(SIZE - 1):
        answer(asked, asked.ada)
        assert calibration_standing(membership(asked, asked.ada)) == due(1)
    answer(asked, asked.ada)
    assert calibration_standing(membership(asked, asked.ada)) == PASSED
    assert membership(asked, asked.ada).calibrated_at == NOW
    assert take(asked, asked.ada) is None
    event = AuditEvent.objects.get(verb=AuditVerb.CALIBRATION_JUDGED)
    assert (event.detail["passed"], event.detail["score"], event.detail["answers"]) == (True, 1.0, 4 * SIZE)


def test_who_differs_is_given_the_second_set_and_then_talks_to_her_coordinator(asked: World) -> None:
    answer_set(asked, asked.ada, DIFFERS)
    assert calibration_standing(membership(asked, asked.ada)) == due(2)
    answer_set(asked, asked.ada, DIFFERS)
    assert calibration_standing(membership(asked, asked.ada)) == FAILED
    assert take(asked, asked.ada) is None
    judged = AuditEvent.objects.filter(verb=AuditVerb.CALIBRATION_JUDGED)
    assert [event.detail["passed"] for event in judged.order_by("number")] == [False, False]


def test_the_second_set_may_be_passed(asked: World) -> None:
    answer_set(asked, asked.ada, DIFFERS)
    answer_set(asked, asked.ada, AGREES)
    assert calibration_standing(membership(asked, asked.ada)) == PASSED


def test_cannot_tell_everywhere_does_not_pass(asked: World) -> None:
    answer_set(asked, asked.ada, {"outcome": "cannot-tell"})
    assert calibration_standing(membership(asked, asked.ada)) == due(2)


def test_without_a_second_set_a_failure_waits_for_the_coordinator_until_one_opens(db: None) -> None:
    world = worlds.calibrated(sets=(1,))
    answer_set(world, world.ada, DIFFERS)
    assert calibration_standing(membership(world, world.ada)) == FAILED
    refer(world, 2)
    open_calibration(study=world.study, set_number=2, by=world.rosa, now=NOW)
    assert calibration_standing(membership(world, world.ada)) == due(2)


@pytest.mark.parametrize("sets", [(1,), (1, 2)])
def test_a_declined_latent_is_left_out_of_the_verdict(db: None, sets: tuple[int, ...]) -> None:
    world = worlds.calibrated(sets=sets)
    for _ in range(SIZE - 1):
        answer(world, world.ada)
    slot = take(world, world.ada)
    assert slot is not None
    decline(ticket=read_ticket(write_ticket(slot), by=world.ada), by=world.ada, now=NOW)
    assert calibration_standing(membership(world, world.ada)) == PASSED


def test_who_declines_a_whole_set_has_not_passed_it(asked: World) -> None:
    while (slot := take(asked, asked.ada)) and slot.latent.calibration_set == 1:
        decline(ticket=read_ticket(write_ticket(slot), by=asked.ada), by=asked.ada, now=NOW)
    assert calibration_standing(membership(asked, asked.ada)) == due(2)


def test_judging_twice_is_judging_once(asked: World) -> None:
    answer_set(asked, asked.ada)
    again = judge(study=asked.study, membership=membership(asked, asked.ada), set_number=1, now=NOW)
    assert again is not None
    assert again.passed
    assert AuditEvent.objects.filter(verb=AuditVerb.CALIBRATION_JUDGED).count() == 1


def test_a_set_that_is_half_done_is_not_judged(asked: World) -> None:
    answer(asked, asked.ada)
    assert judge(study=asked.study, membership=membership(asked, asked.ada), set_number=1, now=NOW) is None


def test_who_set_a_reference_is_never_handed_that_latent(db: None) -> None:
    world = worlds.build()
    add_member(study=world.study, user=world.cora, role=Role.ANNOTATOR, institution=world.north, by=None, now=NOW)
    worlds.draw(world)
    first, *rest = of_set(world.study, 1)
    set_reference(latent=first, given=favoured(), by=world.cora, now=NOW)
    for latent in rest:
        set_reference(latent=latent, given=favoured(), by=world.rosa, now=NOW)
    round_ = open_calibration(study=world.study, set_number=1, by=world.rosa, now=NOW)
    lay_places(study=world.study, membership=membership(world, world.cora), now=NOW)
    hers = Slot.objects.filter(round=round_, reserved_for=world.cora)
    assert {slot.latent_id for slot in hers} == {latent.pk for latent in rest}
    slot = Slot.objects.create(round=round_, latent=first, number=99, reserved_for=world.cora)
    with pytest.raises(IntegrityError, match="calibration reference"), transaction.atomic():
        Slot.objects.filter(pk=slot.pk).update(
            state="leased", rater=world.cora, lease_token="1" * 32, lease_expires_at=NOW
        )


def test_the_database_refuses_a_reference_by_who_rated_the_latent(drawn: World) -> None:
    rating = rate_next(drawn.study, drawn.ada)
    assert rating is not None
    with pytest.raises(IntegrityError, match="cannot set its reference"), transaction.atomic():
        Reference.objects.create(
            latent=rating.latent, item="concept", distribution={"x": 1}, set_by=drawn.ada, set_at=NOW
        )


def failed(world: World) -> None:
    for _ in (1, 2):
        answer_set(world, world.ada, DIFFERS)


def test_her_coordinator_lets_a_failed_rater_through_with_a_reason(asked: World) -> None:
    failed(asked)
    let_through(membership=membership(asked, asked.ada), reason=" We read it together. ", by=asked.nora, now=NOW)
    assert calibration_standing(membership(asked, asked.ada)) == PASSED
    event = AuditEvent.objects.filter(verb=AuditVerb.RATER_LET_THROUGH).latest("number")
    assert (event.actor, event.detail) == (asked.nora.pk, {"reason": "We read it together."})


def test_nobody_is_let_through_without_a_reason_or_before_she_failed(asked: World) -> None:
    with pytest.raises(Refused, match="did not pass any"):
        let_through(membership=membership(asked, asked.ada), reason="Kind.", by=asked.nora, now=NOW)
    failed(asked)
    with pytest.raises(Refused, match="Say why"):
        let_through(membership=membership(asked, asked.ada), reason="  ", by=asked.nora, now=NOW)


def test_a_coordinator_of_another_hospital_and_the_rater_herself_let_nobody_through(asked: World) -> None:
    failed(asked)
    add_member(study=asked.study, user=asked.ben, role=Role.COORDINATOR, institution=asked.south, by=None, now=NOW)
    with pytest.raises(NotYours):
        let_through(membership=membership(asked, asked.ada), reason="x", by=asked.ben, now=NOW)
    with pytest.raises(Refused, match="role of coordinator or researcher"):
        let_through(membership=membership(asked, asked.ada), reason="x", by=asked.ada, now=NOW)
    add_member(study=asked.study, user=asked.ada, role=Role.COORDINATOR, institution=asked.north, by=None, now=NOW)
    with pytest.raises(Refused, match="cannot let yourself through"):
        let_through(membership=membership(asked, asked.ada), reason="x", by=asked.ada, now=NOW)


def test_closing_a_set_asks_nobody_any_more_who_has_not_finished(asked: World) -> None:
    Round.objects.filter(kind=RoundKind.CALIBRATION).update(state=RoundState.CLOSED, closed_at=NOW)
    assert calibration_standing(membership(asked, asked.ada)) == NOT_NEEDED


def test_an_answer_to_a_calibration_latent_is_never_revised(asked: World) -> None:
    rating = answer(asked, asked.ada, DIFFERS)
    assert rating is not None
    with pytest.raises(NotYours):
        revise_rating(
            rating=rating,
            raw=complete_form(asked.study, **AGREES),
            marks=Marks(),
            reason="I have read the panel.",
            by=asked.ada,
            now=NOW,
        )
    assert Rating.objects.filter(rater=asked.ada).count() == 1


def test_what_she_held_when_the_calibration_opened_waits_until_she_has_passed(db: None) -> None:
    """Until she has passed, no other round opens; what she had begun is kept, and comes back to her afterwards."""
    world = worlds.calibrated(sets=())
    held = claim(study=world.study, by=world.ada, now=NOW)
    assert held is not None
    assert held.round.kind == RoundKind.INDEPENDENT
    ticket = read_ticket(write_ticket(held), by=world.ada)
    save_draft(ticket=ticket, answers={"rationale": "Begun before"}, by=world.ada, now=NOW)
    refer(world, 1)
    open_calibration(study=world.study, set_number=1, by=world.rosa, now=NOW)
    slot = claim(study=world.study, by=world.ada, now=NOW)
    assert slot is not None
    assert slot.round.kind == RoundKind.CALIBRATION
    Slot.objects.filter(pk=slot.pk).update(state=SlotState.OPEN, rater=None, lease_token=None, lease_expires_at=None)
    answer_set(world, world.ada)
    assert claim(study=world.study, by=world.ada, now=NOW + timedelta(hours=2)) == held


def test_who_failed_is_not_handed_what_she_held_before(db: None) -> None:
    world = worlds.calibrated(sets=())
    assert claim(study=world.study, by=world.ada, now=NOW) is not None
    for number in (1, 2):
        refer(world, number)
        open_calibration(study=world.study, set_number=number, by=world.rosa, now=NOW)
    failed(world)
    assert claim(study=world.study, by=world.ada, now=NOW) is None


def test_a_synonym_that_the_researcher_merged_earns_what_the_panels_word_earns(asked: World) -> None:
    answer_set(asked, asked.ada, {**AGREES, "concept": "pectoral pain"})
    before = [one for one in compared_answers(asked.study) if one.question.is_concept]
    merge(asked, "pectoral pain", "chest pain")
    after = [one for one in compared_answers(asked.study) if one.question.is_concept]
    assert [(one.credit, one.share) for one in before] == [(0.0, 0.0)] * SIZE
    assert [(one.credit, one.share) for one in after] == [(1.0, pytest.approx(0.8))] * SIZE
    assert [one.answer for one in after] == ["pectoral pain"] * SIZE
