"""What a coordinator does for her raters: reminds, takes places back and gives them, signs hours; a researcher moves
quotas. And what none of them may do to people of others.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from annotation.actions.claiming import claim
from annotation.actions.drafting import save_draft
from annotation.actions.moving_places import move_places
from annotation.actions.people import add_member
from annotation.actions.reassigning import give, take_back
from annotation.actions.reminding import remind
from annotation.actions.rounds import close_round
from annotation.actions.signing_hours import sign_hours
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.actions.withdrawing import withdraw
from annotation.enums import AuditVerb, Role, SlotState
from annotation.models import (
    AuditEvent,
    Decline,
    Document,
    Draft,
    HoursStatement,
    Membership,
    Reminder,
    Slot,
    Study,
    User,
)
from annotation.queries.hours import amount, hours
from annotation.queries.place_quotas import place_quotas
from annotation.queries.projected_end import projected_end
from annotation.queries.rater_paces import rater_paces
from annotation.queries.stuck_places import stuck_places
from annotation.rules.refusal import NotYours, Refused
from tests.world import NOW, World, add_rater, person, rate_next

TOMORROW = NOW + timedelta(days=1)
LATER = NOW + timedelta(days=4)


@pytest.fixture
def eva(world: World) -> User:
    """A second rater of North."""
    return add_rater(world, "eva", world.north)


@pytest.fixture
def sue(world: World) -> User:
    """The coordinator of South."""
    user = person("sue")
    add_member(study=world.study, user=user, role=Role.COORDINATOR, institution=world.south, by=None, now=NOW)
    return user


def rater(world: World, user: User) -> Membership:
    return Membership.objects.select_related("user", "study", "institution").get(
        study=world.study, user=user, role=Role.ANNOTATOR
    )


def begun(world: World, user: User, now: datetime = NOW) -> Slot:
    """A place that the rater began and left: her draft is there, her lease runs out."""
    slot = claim(study=world.study, by=user, now=now)
    assert slot is not None
    save_draft(ticket=read_ticket(write_ticket(slot), by=user), answers={"concept": "sepsis"}, by=user, now=now)
    return slot


def thirty_who_left_off(world: World) -> None:
    """Thirty more raters, each with a draft on a latent with a free place."""
    round_, latents = world.study.rounds.get(), list(world.study.sample.all())
    for number in range(30):
        user = add_rater(world, f"rater{number}", world.north if number % 2 else world.south)
        latent = latents[number % len(latents)]
        Draft.objects.create(round=round_, latent=latent, rater=user, answers={}, saved_at=NOW)


class TestReminders:
    def test_one_e_mail_goes_out_without_a_word_of_a_note_or_rating(self, world: World) -> None:
        rate_next(world.study, world.ada, concept="chest pain at rest", rationale="Every one is about rest pain.")
        remind(membership=rater(world, world.ada), by=world.nora, now=NOW)
        (sent,) = mail.outbox
        assert sent.to == ["ada@hospital.example"]
        assert sent.subject == "Hearts: 5 latents wait for you"
        assert "http://127.0.0.1" in sent.body
        assert "/studies/hearts/rate/" in sent.body
        words = {word for text in Document.objects.values_list("text", flat=True) for word in text.split()}
        clinical = {word for word in words if len(word) > 5 and word.isalpha()}
        assert not clinical & set(sent.body.replace(".", " ").split())
        assert "rest" not in sent.body.split()
        event = AuditEvent.objects.get(verb=AuditVerb.RATER_REMINDED)
        assert (event.actor, event.detail) == (world.nora.pk, {"waiting": 5})

    def test_at_most_one_a_day_whoever_asks(self, world: World) -> None:
        remind(membership=rater(world, world.ada), by=world.nora, now=NOW)
        with pytest.raises(Refused, match="Once a day"):
            remind(membership=rater(world, world.ada), by=world.rosa, now=NOW + timedelta(hours=23))
        remind(membership=rater(world, world.ada), by=world.rosa, now=NOW + timedelta(hours=25))
        assert len(mail.outbox) == 2

    def test_nobody_is_reminded_of_nothing(self, world: World) -> None:
        while rate_next(world.study, world.ada):
            pass
        with pytest.raises(Refused, match="Nothing waits"):
            remind(membership=rater(world, world.ada), by=world.nora, now=NOW)
        assert mail.outbox == []

    def test_what_the_mail_server_refuses_is_not_noted_as_sent(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise SMTPServerDisconnected("gone")

        monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", broken)
        with pytest.raises(Refused, match="could not be sent"):
            remind(membership=rater(world, world.ada), by=world.nora, now=NOW)
        assert not Reminder.objects.exists()
        assert not AuditEvent.objects.filter(verb=AuditVerb.RATER_REMINDED).exists()

    @pytest.mark.parametrize("who", ["ada", "ben", "cora", "sven"])
    def test_only_who_looks_after_her_writes_to_her(self, world: World, who: str) -> None:
        with pytest.raises(Refused):
            remind(membership=rater(world, world.ada), by=getattr(world, who), now=NOW)

    def test_a_coordinator_writes_to_nobody_of_another_institution(self, world: World) -> None:
        with pytest.raises(NotYours):
            remind(membership=rater(world, world.ben), by=world.nora, now=NOW)

    def test_who_withdrew_is_left_in_peace(self, world: World) -> None:
        withdraw(membership=rater(world, world.ada), by=world.ada, now=NOW)
        with pytest.raises(Refused, match="withdrawn"):
            remind(membership=rater(world, world.ada), by=world.nora, now=NOW)


class TestPlacesLeftLying:
    def test_what_was_begun_days_ago_and_what_is_kept_untouched_are_found(self, world: World, eva: User) -> None:
        slot = begun(world, world.ada)
        kept = Slot.objects.filter(state=SlotState.OPEN, institution=world.north).first()
        assert kept is not None
        give(study=world.study, slot_id=kept.pk, to=rater(world, eva), by=world.nora, now=NOW)
        members = [rater(world, world.ada), rater(world, eva)]
        assert stuck_places(world.study, members, named=True, now=NOW + timedelta(hours=1)) == ()
        found = stuck_places(world.study, members, named=True, now=LATER)
        assert {(one.slot, one.who, one.begun) for one in found} == {(slot.pk, "Ada", True), (kept.pk, "Eva", False)}
        assert {one.who for one in stuck_places(world.study, members, named=False, now=LATER)} == {"R01", "R03"}

    def test_a_place_is_taken_back_and_her_draft_stays(self, world: World) -> None:
        slot = begun(world, world.ada)
        freed = take_back(study=world.study, slot_id=slot.pk, by=world.nora, now=LATER)
        assert (freed.state, freed.rater, freed.lease_token) == (SlotState.OPEN, None, None)
        event = AuditEvent.objects.get(verb=AuditVerb.SLOT_FREED)
        assert event.detail == {"held_by": world.ada.pk}

    def test_nothing_is_taken_out_of_her_hands(self, world: World) -> None:
        slot = begun(world, world.ada)
        with pytest.raises(Refused, match="at work"):
            take_back(study=world.study, slot_id=slot.pk, by=world.nora, now=NOW + timedelta(minutes=5))

    def test_a_free_place_needs_no_taking_back(self, world: World) -> None:
        slot = Slot.objects.filter(state=SlotState.OPEN).first()
        assert slot is not None
        with pytest.raises(Refused, match="free already"):
            take_back(study=world.study, slot_id=slot.pk, by=world.rosa, now=NOW)

    def test_a_given_place_comes_to_that_rater_first_and_to_nobody_else(self, world: World, eva: User) -> None:
        slot = begun(world, world.ada)
        given = give(study=world.study, slot_id=slot.pk, to=rater(world, eva), by=world.nora, now=LATER)
        assert (given.reserved_for, given.not_before, given.rater) == (eva, LATER, None)
        give(study=world.study, slot_id=slot.pk, to=rater(world, eva), by=world.nora, now=LATER)
        assert AuditEvent.objects.filter(verb=AuditVerb.SLOT_GIVEN).count() == 1
        for _ in range(20):
            other = claim(study=world.study, by=world.ada, now=LATER)
            if other is None:
                break
            assert other.pk != slot.pk
            rate_next(world.study, world.ada, now=LATER)
        mine = claim(study=world.study, by=eva, now=LATER)
        assert mine is not None
        assert mine.pk == slot.pk

    def test_not_to_somebody_who_rated_or_declined_it(self, world: World, eva: User) -> None:
        rated = rate_next(world.study, eva)
        assert rated is not None
        free = Slot.objects.create(round=rated.round, latent=rated.latent, number=9, institution=world.north)
        with pytest.raises(Refused, match="first time"):
            give(study=world.study, slot_id=free.pk, to=rater(world, eva), by=world.nora, now=NOW)
        Decline.objects.create(latent=rated.latent, rater=world.ada, round=rated.round, declined_at=NOW)
        with pytest.raises(Refused, match="first time"):
            give(study=world.study, slot_id=free.pk, to=rater(world, world.ada), by=world.nora, now=NOW)

    def test_not_across_institutions(self, world: World, sue: User) -> None:
        slot = begun(world, world.ada)
        with pytest.raises(NotYours):
            give(study=world.study, slot_id=slot.pk, to=rater(world, world.ben), by=world.nora, now=LATER)
        with pytest.raises(NotYours):
            take_back(study=world.study, slot_id=slot.pk, by=sue, now=LATER)
        with pytest.raises(Refused, match="another institution"):
            give(study=world.study, slot_id=slot.pk, to=rater(world, world.ben), by=world.rosa, now=LATER)

    def test_not_once_it_was_rated_or_the_round_is_closed(self, world: World, eva: User) -> None:
        rated = rate_next(world.study, world.ada)
        assert rated is not None
        assert rated.slot is not None
        with pytest.raises(Refused, match="rated meanwhile"):
            give(study=world.study, slot_id=rated.slot.pk, to=rater(world, eva), by=world.nora, now=NOW)
        with pytest.raises(NotYours):
            take_back(study=world.study, slot_id=10**9, by=world.nora, now=NOW)

    def test_the_same_number_of_statements_for_three_raters_as_for_thirty(
        self, world: World, django_assert_num_queries: object
    ) -> None:
        def statements() -> None:
            members = list(
                Membership.objects.filter(study=world.study, role=Role.ANNOTATOR).select_related("user", "institution")
            )
            with django_assert_num_queries(5):  # type: ignore[operator]
                stuck_places(world.study, members, named=True, now=LATER)

        begun(world, world.ada)
        statements()
        thirty_who_left_off(world)
        statements()


class TestQuotas:
    def test_places_are_counted_by_institution(self, world: World) -> None:
        rate_next(world.study, world.ada)
        claim(study=world.study, by=world.ben, now=NOW)
        quotas = place_quotas(world.study)
        rows = {row.name: (row.raters, row.laid, row.rated, row.in_hand, row.free) for row in quotas.rows}
        assert rows == {"North Hospital": (1, 6, 1, 0, 5), "South Hospital": (1, 6, 0, 1, 5)}
        assert (quotas.laid, quotas.rated) == (12, 1)

    def test_a_coordinator_has_her_own_row_and_the_studys_totals(self, world: World) -> None:
        quotas = place_quotas(world.study, institutions=[world.north])
        assert [row.name for row in quotas.rows] == ["North Hospital"]
        assert quotas.laid == 12

    def test_free_places_move_where_people_are_left_and_no_further(self, world: World) -> None:
        add_rater(world, "eva", world.north)
        moved = move_places(study=world.study, source=world.south, target=world.north, number=4, by=world.rosa, now=NOW)
        assert moved == 4
        rows = {row.name: (row.laid, row.out_of_reach) for row in place_quotas(world.study).rows}
        assert rows == {"North Hospital": (10, 0), "South Hospital": (2, 0)}
        event = AuditEvent.objects.get(verb=AuditVerb.STUDY_CHANGED)
        assert event.detail == {"moved": 4, "giver": world.south.pk, "taker": world.north.pk}

    def test_a_place_never_moves_to_where_everybody_has_rated_the_latent(self, world: World) -> None:
        rate_next(world.study, world.ada)
        # Each of the five latents that Ada has not rated has a place of North waiting for her already.
        with pytest.raises(Refused, match="No free place of South Hospital can move to North Hospital"):
            move_places(study=world.study, source=world.south, target=world.north, number=50, by=world.rosa, now=NOW)

    def test_places_that_nobody_can_take_are_counted(self, world: World) -> None:
        Membership.objects.filter(user=world.ben).update(withdrawn_at=NOW)
        rows = {row.name: row.out_of_reach for row in place_quotas(world.study).rows}
        assert rows == {"North Hospital": 0, "South Hospital": 6}

    @pytest.mark.parametrize("who", ["nora", "ada", "cora", "sven"])
    def test_only_a_researcher_moves_them(self, world: World, who: str) -> None:
        with pytest.raises(Refused):
            move_places(
                study=world.study, source=world.south, target=world.north, number=1, by=getattr(world, who), now=NOW
            )


class TestHours:
    DAY = date(2026, 11, 22)

    def sign(
        self, world: World, by: User, first: date = DAY, last: date = DAY, now: datetime = TOMORROW
    ) -> HoursStatement:
        return sign_hours(membership=rater(world, world.ada), first_day=first, last_day=last, by=by, now=now)

    def test_ratings_and_their_active_seconds_are_summed_and_what_was_not_counted_is_said(self, world: World) -> None:
        rate_next(world.study, world.ada)
        rated = rate_next(world.study, world.ada)
        assert rated is not None
        rate_next(world.study, world.ada, now=TOMORROW)
        worked = hours(rater(world, world.ada), first_day=self.DAY, last_day=self.DAY)
        assert (worked.ratings, worked.readings, worked.seconds, worked.uncounted) == (2, 0, 80.0, 0)
        both = hours(rater(world, world.ada), first_day=self.DAY, last_day=date(2026, 11, 23))
        assert (both.ratings, both.seconds) == (3, 120.0)

    def test_a_statement_is_signed_once_and_stays(self, world: World) -> None:
        rate_next(world.study, world.ada)
        statement = self.sign(world, world.nora)
        assert (statement.ratings, statement.seconds, statement.signed_by) == (1, 40.0, world.nora)
        assert self.sign(world, world.nora, now=LATER) == statement
        assert AuditEvent.objects.filter(verb=AuditVerb.HOURS_SIGNED).count() == 1
        for change in (
            lambda: HoursStatement.objects.update(seconds=1.0),
            lambda: HoursStatement.objects.all().delete(),
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                change()

    def test_days_that_overlap_are_refused_and_the_same_days_correct(self, world: World) -> None:
        rate_next(world.study, world.ada)
        first = self.sign(world, world.nora)
        with pytest.raises(Refused, match="22 November 2026"):
            self.sign(world, world.nora, first=date(2026, 11, 20))
        rate_next(world.study, world.ada, now=NOW + timedelta(hours=1))
        second = self.sign(world, world.nora)
        assert (second.ratings, first.ratings) == (2, 1)
        assert AuditEvent.objects.filter(verb=AuditVerb.HOURS_SIGNED).latest("number").detail["corrects"] == first.pk

    def test_days_that_are_not_over_or_hold_nothing_are_not_signed(self, world: World) -> None:
        with pytest.raises(Refused, match="nothing to sign"):
            self.sign(world, world.nora)
        rate_next(world.study, world.ada)
        with pytest.raises(Refused, match="must be over"):
            self.sign(world, world.nora, now=NOW)
        with pytest.raises(Refused, match="before the first"):
            self.sign(world, world.nora, first=date(2026, 11, 23))
        with pytest.raises(Refused, match="a year at most"):
            self.sign(world, world.nora, first=date(2024, 11, 23))

    def test_only_her_own_coordinator_signs_and_nobody_her_own(self, world: World, sue: User) -> None:
        rate_next(world.study, world.ada)
        for who in (sue, world.ben, world.sven):
            with pytest.raises(Refused):
                self.sign(world, who)
        with pytest.raises(Refused, match="signed by the coordinator"):
            self.sign(world, world.rosa)
        add_member(study=world.study, user=world.ada, role=Role.COORDINATOR, institution=world.north, by=None, now=NOW)
        with pytest.raises(Refused, match="her own hours"):
            self.sign(world, world.ada)

    def test_money_is_the_hours_at_the_studys_rate(self, world: World) -> None:
        assert amount(3600, world.study) is None
        Study.objects.update(hourly_rate=Decimal("62.50"))
        world.study.refresh_from_db()
        assert amount(3600, world.study) == Decimal("62.50")
        assert amount(100, world.study) == Decimal("1.74")

    def test_a_signed_statement_keeps_the_rate_of_its_day(self, world: World) -> None:
        rate_next(world.study, world.ada)
        Study.objects.update(hourly_rate=Decimal("90"), currency="EUR")
        statement = self.sign(world, world.nora)
        Study.objects.update(hourly_rate=Decimal("45"), currency="USD")
        statement.refresh_from_db()
        assert (amount(statement.seconds, statement), statement.currency) == (Decimal("1.00"), "EUR")


class TestTimes:
    def test_median_and_quartiles_have_their_n(self, world: World) -> None:
        first = rate_next(world.study, world.ada)
        rate_next(world.study, world.ada)
        assert first is not None
        pace = rater_paces(world.study)[rater(world, world.ada).pk]
        assert (pace.timed, pace.untimed, pace.median, pace.quartile) == (2, 0, 40.0, 40.0)
        none = rater_paces(world.study)[rater(world, world.ben).pk]
        assert (none.timed, none.median) == (0, None)

    def test_the_projected_end_needs_days_and_ratings(self, world: World) -> None:
        assert "less than 3 whole days" in projected_end(world.study, now=NOW).reason
        assert "0 ratings came" in projected_end(world.study, now=NOW + timedelta(days=5)).reason
        close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
        assert projected_end(world.study, now=NOW + timedelta(days=5)).reason == "No round is open."

    def test_the_projected_end_follows_the_pace(self, world: World) -> None:
        for day in range(3):
            for user in (world.ada, world.ben):
                rate_next(world.study, user, now=NOW + timedelta(days=day))
        found = projected_end(world.study, now=NOW + timedelta(days=3))
        assert (found.remaining, found.ratings, found.days) == (6, 6, 3)
        assert found.earliest is not None
        assert found.latest is not None
        assert date(2026, 11, 25) <= found.earliest < date(2026, 11, 28) < found.latest
        own = projected_end(world.study, now=NOW + timedelta(days=3), institutions=[world.north])
        assert (own.remaining, own.ratings) == (3, 3)
        assert "3 ratings came" in own.reason
