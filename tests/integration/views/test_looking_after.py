"""The pages by which a coordinator looks after her raters, and the walls around them."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.actions.claiming import claim
from annotation.actions.drafting import save_draft
from annotation.actions.people import add_member
from annotation.actions.reassigning import give
from annotation.actions.reporting import report_snippet
from annotation.actions.signing_hours import sign_hours
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.actions.withdrawing import withdraw
from annotation.enums import Role, SlotState, SnippetKind, WithdrawalPolicy
from annotation.models import Draft, HoursStatement, Membership, Reminder, Slot, Snippet, Study, User
from annotation.queries.projected_end import ProjectedEnd
from annotation.views.end_in_words import end_in_words
from tests.html import without_tokens
from tests.world import NOW, World, add_rater, person, rate_next

SignIn = Callable[[User], Client]
TODAY = date(2026, 11, 22)


@pytest.fixture
def eva(world: World) -> User:
    return add_rater(world, "edith", world.north)


@pytest.fixture
def sue(world: World) -> User:
    """The coordinator of South, who must see nothing of North."""
    user = person("sue")
    add_member(study=world.study, user=user, role=Role.COORDINATOR, institution=world.south, by=None, now=NOW)
    return user


def rater(world: World, user: User) -> Membership:
    return Membership.objects.get(study=world.study, user=user, role=Role.ANNOTATOR)


def url(world: World, name: str, *parts: object) -> str:
    return reverse(name, args=[world.study.slug, *parts])


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content.decode()[:500]
    return str(response.content.decode())


def left_lying(world: World, user: User) -> Slot:
    """She began a latent four days ago."""
    slot = claim(study=world.study, by=user, now=timezone.now())
    assert slot is not None
    ticket = read_ticket(write_ticket(slot), by=user)
    save_draft(ticket=ticket, answers={"concept": "sepsis"}, by=user, now=timezone.now())
    Draft.objects.update(saved_at=timezone.now() - timedelta(days=4))
    Slot.objects.filter(pk=slot.pk).update(lease_expires_at=timezone.now() - timedelta(days=4))
    return slot


class TestTheListOfRaters:
    def test_a_coordinator_reads_how_each_of_hers_is_doing(self, world: World, signed_in: SignIn) -> None:
        rate_next(world.study, world.ada)
        html = text(signed_in(world.nora).get(url(world, "people")))
        for words in ("Ada", "1 of 6", "40 s", "n = 1", "Next: 5 latents", "Remind"):
            assert words in html

    def test_what_waits_for_her_stands_first(self, world: World, signed_in: SignIn) -> None:
        slot = left_lying(world, world.ada)
        snippet = Snippet.objects.filter(latent=slot.latent.latent, kind=SnippetKind.TOP).first()
        assert snippet is not None
        report_snippet(study=world.study, snippet=snippet, by=world.ada, now=NOW)
        html = text(signed_in(world.nora).get(url(world, "people")))
        assert "1 snippet is said to show a person" in html
        assert "1 place was left lying" in html
        assert "sepsis" not in html

    def test_the_study_as_a_whole_is_told_to_her_in_totals_alone(self, world: World, signed_in: SignIn) -> None:
        html = text(signed_in(world.nora).get(url(world, "places")))
        assert "Whole study" in html
        assert "South" not in html

    def test_who_withdrew_is_at_the_end_with_what_became_of_her_ratings(
        self, world: World, eva: User, signed_in: SignIn
    ) -> None:
        rate_next(world.study, world.ada)
        withdraw(membership=rater(world, world.ada), by=world.ada, now=NOW)
        response = signed_in(world.nora).get(url(world, "people"))
        assert [row.who for row in response.context["raters"]] == ["Edith", "Ada"]
        assert "1 rating stays" in text(response)


class TestOneRater:
    def test_her_page_says_it_all_and_never_a_rating(self, world: World, signed_in: SignIn) -> None:
        rate_next(world.study, world.ada, concept="chest pain at rest", rationale="Every one is about rest pain.")
        html = text(signed_in(world.nora).get(url(world, "rater", rater(world, world.ada).pk)))
        for words in ("Ada", "40 s in the middle", "n = 1", "Statement of hours", "Withdraw her"):
            assert words in html
        assert "rest pain" not in html
        assert "pain at rest" not in html

    def test_a_researcher_reads_it_by_pseudonym(self, world: World, signed_in: SignIn) -> None:
        html = text(signed_in(world.rosa).get(url(world, "rater", rater(world, world.ada).pk)))
        assert "R01" in html
        for word in ("Ada", "ada@"):
            assert word not in without_tokens(html)

    def test_nobody_learns_which_pseudonym_goes_with_which_name(self, world: World, signed_in: SignIn) -> None:
        """A release tells ratings by pseudonym: with both in hand a coordinator would read her raters' ratings."""
        rate_next(world.study, world.ada, now=timezone.now() - timedelta(days=3))
        day, hers = timezone.localdate() - timedelta(days=3), rater(world, world.ada)
        statement = sign_hours(membership=hers, first_day=day, last_day=day, by=world.nora, now=timezone.now())
        for address in (
            url(world, "rater", hers.pk),
            url(world, "rater_hours", hers.pk),
            url(world, "withdraw_rater", hers.pk),
            url(world, "hours_statement", statement.pk),
            url(world, "hours_file", statement.pk),
        ):
            answer = signed_in(world.nora).get(address)
            assert "Ada" in text(answer)
            assert "R01" not in without_tokens(text(answer)) + str(answer.headers)

    def test_a_reminder_goes_out_and_is_told(self, world: World, signed_in: SignIn) -> None:
        nora, address = signed_in(world.nora), url(world, "remind_rater", rater(world, world.ada).pk)
        html = text(nora.post(address, follow=True))
        assert "An e-mail went to Ada" in html
        assert "reminded" in html
        assert [sent.to for sent in mail.outbox] == [["ada@hospital.example"]]
        assert "Once a day is enough" in text(nora.post(address, {"back": "1"}, follow=True))
        assert Reminder.objects.count() == 1

    def test_a_researcher_reminds_without_learning_a_name(self, world: World, signed_in: SignIn) -> None:
        address = url(world, "remind_rater", rater(world, world.ada).pk)
        html = text(signed_in(world.rosa).post(address, follow=True))
        assert "An e-mail went to R01" in html
        assert "Ada" not in without_tokens(html)


class TestPlaces:
    def test_what_was_left_lying_goes_to_another(self, world: World, eva: User, signed_in: SignIn) -> None:
        slot, nora = left_lying(world, world.ada), signed_in(world.nora)
        html = text(nora.get(url(world, "places")))
        assert "began latent" in html
        assert "sepsis" not in html
        form = {"give": slot.pk, "to": rater(world, eva).pk}
        assert "kept for Edith" in text(nora.post(url(world, "places"), form, follow=True))
        slot.refresh_from_db()
        assert slot.reserved_for == eva

    def test_it_is_taken_back(self, world: World, signed_in: SignIn) -> None:
        slot = left_lying(world, world.ada)
        answer = signed_in(world.nora).post(url(world, "places"), {"take_back": slot.pk}, follow=True)
        assert "The place is free again" in text(answer)
        slot.refresh_from_db()
        assert slot.state == SlotState.OPEN

    def test_a_researcher_moves_a_quota(self, world: World, eva: User, signed_in: SignIn) -> None:
        form = {"move": "1", "number": "2", "source": world.south.pk, "target": world.north.pk}
        answer = signed_in(world.rosa).post(url(world, "places"), form, follow=True)
        assert "2 places moved from South Hospital to North Hospital" in text(answer)
        assert Slot.objects.filter(institution=world.north).count() == 8

    @pytest.mark.parametrize(
        "form", [{}, {"give": "1"}, {"take_back": "x"}, {"move": "1", "number": "-1"}, {"give": "9" * 30, "to": "1"}]
    )
    def test_what_is_no_form_is_a_sentence_or_nothing(
        self, world: World, signed_in: SignIn, form: dict[str, str]
    ) -> None:
        answer = signed_in(world.rosa).post(url(world, "places"), form, follow=True)
        assert answer.status_code in (200, 404)
        assert not Slot.objects.exclude(reserved_for=None).exists()

    def test_her_own_places_are_not_shown_to_a_coordinator_who_rates(self, world: World, signed_in: SignIn) -> None:
        add_member(study=world.study, user=world.nora, role=Role.ANNOTATOR, institution=world.north, by=None, now=NOW)
        left_lying(world, world.nora)
        assert signed_in(world.nora).get(url(world, "places")).context["stuck"] == ()
        assert len(signed_in(world.rosa).get(url(world, "places")).context["stuck"]) == 1

    def test_the_page_costs_the_same_for_three_raters_as_for_thirty(
        self, world: World, eva: User, signed_in: SignIn, django_assert_num_queries: Any
    ) -> None:
        left_lying(world, world.ada)
        nora = signed_in(world.nora)
        nora.get(url(world, "places"))
        with CaptureQueriesContext(connection) as few:
            nora.get(url(world, "places"))
        assert len(few) <= 20
        latents = list(world.study.sample.all())
        for number in range(27):
            user = add_rater(world, f"r{number}", world.north)
            saved = timezone.now() - timedelta(days=5)
            Draft.objects.create(
                round=world.study.rounds.get(), latent=latents[number % 6], rater=user, answers={}, saved_at=saved
            )
        with django_assert_num_queries(len(few)):
            assert len(nora.get(url(world, "places")).context["stuck"]) > 20


class TestHours:
    def test_days_are_chosen_looked_at_signed_and_printed(self, world: World, signed_in: SignIn) -> None:
        Study.objects.update(hourly_rate=Decimal("90"), currency="EUR")
        day = timezone.localdate() - timedelta(days=3)
        rate_next(world.study, world.ada, now=timezone.now() - timedelta(days=3))
        nora, address = signed_in(world.nora), url(world, "rater_hours", rater(world, world.ada).pk)
        days = {"first_day": day.isoformat(), "last_day": day.isoformat()}
        html = text(nora.get(address, days))
        for words in ("40 s", "1.00 EUR", "at 90.00 EUR an hour", "Sign this statement"):
            assert words in html
        signed = nora.post(address, days)
        statement = HoursStatement.objects.get()
        assert signed["Location"] == url(world, "hours_statement", statement.pk)
        html = text(nora.get(signed["Location"]))
        for words in ("Statement of hours", "Ada", "North Hospital", "Signed off by Nora", "1.00 EUR"):
            assert words in html
        rows = list(csv.DictReader(StringIO(text(nora.get(url(world, "hours_file", statement.pk))))))
        assert rows == [
            {
                "study": "Hearts",
                "rater": "Ada",
                "institution": "North Hospital",
                "first_day": day.isoformat(),
                "last_day": day.isoformat(),
                "ratings": "1",
                "readings": "0",
                "active_seconds": "40",
                "not_counted": "0",
                "hourly_rate": "90.00",
                "currency": "EUR",
                "amount": "1.00",
                "signed_by": "Nora",
                "signed_at": rows[0]["signed_at"],
            }
        ]

    def test_a_name_that_begins_like_a_formula_is_no_formula(self, world: World, signed_in: SignIn) -> None:
        rate_next(world.study, world.ada, now=timezone.now() - timedelta(days=3))
        User.objects.filter(pk=world.ada.pk).update(name="=HYPERLINK(1)")
        day = timezone.localdate() - timedelta(days=3)
        statement = sign_hours(
            membership=rater(world, world.ada), first_day=day, last_day=day, by=world.nora, now=timezone.now()
        )
        assert "'=HYPERLINK(1)" in text(signed_in(world.nora).get(url(world, "hours_file", statement.pk)))

    def test_a_researcher_reads_them_by_pseudonym_and_does_not_sign(self, world: World, signed_in: SignIn) -> None:
        day = (timezone.localdate() - timedelta(days=3)).isoformat()
        rate_next(world.study, world.ada, now=timezone.now() - timedelta(days=3))
        address = url(world, "rater_hours", rater(world, world.ada).pk)
        rosa, days = signed_in(world.rosa), {"first_day": day, "last_day": day}
        html = text(rosa.get(address, days))
        assert "R01" in html
        assert "Ada" not in without_tokens(html)
        assert "The coordinator of her institution signs it" in html
        assert "signed by the coordinator" in text(rosa.post(address, days), 422)
        assert not HoursStatement.objects.exists()

    @pytest.mark.parametrize("days", [{"first_day": "x", "last_day": "2026-01-01"}, {"first_day": "2026-01-02"}])
    def test_what_are_no_days_is_said(self, world: World, signed_in: SignIn, days: dict[str, str]) -> None:
        address = url(world, "rater_hours", rater(world, world.ada).pk)
        for answer in (signed_in(world.nora).get(address, days), signed_in(world.nora).post(address, days)):
            assert answer.status_code == 422


class TestWithdrawal:
    def test_a_rater_leaves_by_her_account_page(self, world: World, signed_in: SignIn) -> None:
        rate_next(world.study, world.ada)
        ada, address = signed_in(world.ada), url(world, "withdraw")
        assert address in text(ada.get(reverse("account")))
        assert "Your 1 rating stays" in text(ada.get(address))
        assert "tick that you are sure" in text(ada.post(address, follow=True))
        assert rater(world, world.ada).withdrawn_at is None
        assert "You have withdrawn from Hearts" in text(ada.post(address, {"sure": "1"}, follow=True))
        assert "You withdrew from Hearts" in text(ada.get(url(world, "rate")), 403)
        assert "Withdrew" in text(ada.get(reverse("account")))
        assert "Hearts" not in text(ada.get(reverse("home"))).partition("<main")[2]

    def test_the_page_says_what_consent_says(self, world: World, signed_in: SignIn) -> None:
        Study.objects.update(withdrawal=WithdrawalPolicy.WITHHOLD)
        rate_next(world.study, world.ada)
        html = text(signed_in(world.ada).get(url(world, "withdraw")))
        assert "Your 1 rating is withheld" in html
        assert "Releases that were cut before stay" in html

    def test_a_coordinator_does_it_at_her_word(self, world: World, signed_in: SignIn) -> None:
        nora, address = signed_in(world.nora), url(world, "withdraw_rater", rater(world, world.ada).pk)
        assert "Only at her own word" in text(nora.get(address))
        assert "tick that she asked" in text(nora.post(address, follow=True))
        assert rater(world, world.ada).withdrawn_at is None
        assert "Ada has withdrawn" in text(nora.post(address, {"sure": "1"}, follow=True))
        assert rater(world, world.ada).withdrawn_at is not None


class TestWalls:
    def test_a_coordinator_of_elsewhere_sees_no_name_text_or_number_of_hers(
        self, world: World, eva: User, sue: User, signed_in: SignIn
    ) -> None:
        slot = left_lying(world, world.ada)
        rate_next(world.study, eva)
        snippet = Snippet.objects.filter(latent=slot.latent.latent, kind=SnippetKind.TOP).first()
        assert snippet is not None
        report_snippet(study=world.study, snippet=snippet, by=world.ada, now=NOW)
        client = signed_in(sue)
        for name in ("people", "places", "reports", "study", "calibration"):
            html = without_tokens(text(client.get(url(world, name))))
            for word in ("Ada", "Edith", "North", "ada@", "R01", "R03"):
                assert word not in html, (name, word)

    def test_nor_does_she_open_or_do_anything_of_theirs(
        self, world: World, eva: User, sue: User, signed_in: SignIn
    ) -> None:
        slot, hers, client = left_lying(world, world.ada), rater(world, world.ada).pk, signed_in(sue)
        rate_next(world.study, eva, now=timezone.now() - timedelta(days=3))
        day = timezone.localdate() - timedelta(days=3)
        statement = sign_hours(
            membership=rater(world, eva), first_day=day, last_day=day, by=world.nora, now=timezone.now()
        )
        for address in (
            url(world, "rater", hers),
            url(world, "rater_hours", hers),
            url(world, "withdraw_rater", hers),
            url(world, "hours_statement", statement.pk),
            url(world, "hours_file", statement.pk),
        ):
            assert client.get(address).status_code == 404, address
        for address, form in (
            (url(world, "remind_rater", hers), {}),
            (url(world, "withdraw_rater", hers), {"sure": "1"}),
            (url(world, "places"), {"take_back": slot.pk}),
            (url(world, "places"), {"give": slot.pk, "to": rater(world, world.ben).pk}),
            (url(world, "places"), {"give": slot.pk, "to": hers}),
            (url(world, "rater_hours", hers), {"first_day": day, "last_day": day}),
        ):
            assert client.post(address, form).status_code == 404, address
        assert mail.outbox == []
        assert rater(world, world.ada).withdrawn_at is None
        assert Slot.objects.get(pk=slot.pk).rater == world.ada

    def test_raters_adjudicators_and_strangers_have_none_of_these_pages(self, world: World, signed_in: SignIn) -> None:
        hers = rater(world, world.ben).pk
        names = [("places",), ("rater", hers), ("rater_hours", hers), ("withdraw_rater", hers)]
        for name, *parts in names:
            for user in (world.ada, world.cora):
                assert signed_in(user).get(url(world, str(name), *parts)).status_code == 403
            assert signed_in(world.sven).get(url(world, str(name), *parts)).status_code == 404

    def test_the_researchers_pages_name_no_rater(self, world: World, eva: User, signed_in: SignIn) -> None:
        slot = left_lying(world, world.ada)
        kept = Slot.objects.filter(state=SlotState.OPEN, institution=world.south).first()
        assert kept is not None
        give(study=world.study, slot_id=kept.pk, to=rater(world, world.ben), by=world.rosa, now=NOW)
        client, hers = signed_in(world.rosa), rater(world, world.ada).pk
        pages = [url(world, "people"), url(world, "places"), url(world, "rater", hers), url(world, "rater_hours", hers)]
        for address in [*pages, url(world, "withdraw_rater", hers)]:
            html = without_tokens(text(client.get(address)))
            for word in ("Ada", "Ben", "Edith", "ada@", "ben@", "edith@"):
                assert word not in html, (address, word)
        answer = client.post(url(world, "places"), {"give": slot.pk, "to": rater(world, eva).pk}, follow=True)
        assert "kept for R03" in text(answer)


@pytest.mark.parametrize(
    ("earliest", "latest", "words"),
    [
        (date(2026, 12, 3), date(2026, 12, 9), "between 3 and 9 December"),
        (date(2026, 11, 28), date(2026, 12, 9), "between 28 November and 9 December"),
        (date(2026, 12, 28), date(2027, 1, 4), "between 28 December and 4 January 2027"),
        (date(2027, 3, 1), date(2027, 3, 9), "between 1 and 9 March 2027"),
        (date(2026, 12, 3), date(2026, 12, 3), "around 3 December"),
        (date(2027, 6, 3), date(2090, 1, 1), "not before 3 June 2027; the pace is too slow to say more"),
    ],
)
def test_the_projected_end_in_words(earliest: date, latest: date, words: str) -> None:
    end = ProjectedEnd(remaining=9, ratings=31, days=14, earliest=earliest, latest=latest)
    assert end_in_words(end, today=TODAY) == words


def test_without_a_date_the_reason_is_said() -> None:
    assert end_in_words(ProjectedEnd(remaining=0, ratings=0, days=0, reason="No round is open."), today=TODAY) == (
        "No round is open."
    )
