"""The e-mail that says how many cases wait: to whom, how often, and that nothing clinical is in it."""

from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse

from annotation import tasks
from annotation.actions.case_digests import choose_case_digest, send_case_digests
from annotation.actions.case_steps import defer_case
from annotation.enums import AuditVerb
from annotation.models import AuditEvent, Case, CaseDigest, Study
from annotation.rules.case_digests import due
from tests import case_world
from tests.case_world import cases, decide
from tests.world import NOW, World

DAY = timedelta(days=1)


@pytest.fixture
def waiting(world: World) -> list[Case]:
    return cases(case_world.rated(world), 2)


def test_it_says_how_many_wait_and_where_and_nothing_else(world: World, waiting: list[Case]) -> None:
    assert send_case_digests(now=NOW) == 1
    (message,) = mail.outbox
    assert message.to == [world.cora.email]
    assert message.subject == "2 cases wait for your decision"
    assert "Hearts: 2 cases wait for your decision." in message.body
    assert reverse("cases", args=["hearts"]) in message.body
    assert reverse("account") in message.body
    latents = [str(case.latent.latent.index) for case in waiting]
    for secret in (
        "chest pain",
        "unstable angina",
        "posterior",
        "It is",
        "Latent",
        *(f"latent {one}" for one in latents),
    ):
        assert secret not in message.body + message.subject
    event = AuditEvent.objects.get(verb=AuditVerb.CASE_DIGEST_SENT)
    assert event.detail == {"waiting": 2}


def test_at_most_one_a_day_and_about_the_same_cases_once_a_week(world: World, waiting: list[Case]) -> None:
    sent = [send_case_digests(now=NOW + timedelta(hours=hours)) for hours in range(24 * 7 + 1)]
    assert [hours for hours, number in enumerate(sent) if number] == [0, 24 * 7]


def test_something_new_is_told_the_next_day(world: World, waiting: list[Case]) -> None:
    assert send_case_digests(now=NOW) == 1
    case_world.persistent(world.study.sample.order_by("position")[3], now=NOW + timedelta(hours=1))
    assert send_case_digests(now=NOW + timedelta(hours=2)) == 0
    assert send_case_digests(now=NOW + DAY) == 1
    assert "3 cases wait" in mail.outbox[-1].body


def test_nothing_is_sent_where_nothing_waits_for_her(world: World, waiting: list[Case]) -> None:
    decide(waiting[0], world.cora)
    defer_case(case=waiting[1], until=NOW + 3 * DAY, reason="Later.", by=world.cora, now=NOW)
    assert send_case_digests(now=NOW) == 0
    assert send_case_digests(now=NOW + 3 * DAY) == 1
    assert mail.outbox[-1].subject == "1 case waits for your decision"


@pytest.mark.parametrize("change", ["off", "withdrawn", "inactive", "simulated"])
def test_who_does_not_want_it_or_is_gone_gets_none(world: World, waiting: list[Case], change: str) -> None:
    if change == "off":
        choose_case_digest(wanted=False, by=world.cora, now=NOW)
    elif change == "withdrawn":
        world.study.memberships.filter(user=world.cora).update(withdrawn_at=NOW)
    elif change == "inactive":
        world.cora.is_active = False
        world.cora.save()
    else:
        Study.objects.update(simulated=True)
    assert send_case_digests(now=NOW) == 0
    assert mail.outbox == []


def test_she_switches_it_off_and_on_on_her_account_page(world: World, waiting: list[Case], signed_in: Any) -> None:
    cora = signed_in(world.cora)
    for wanted, state in (("no", False), ("yes", True)):
        html = cora.post(reverse("case_digest"), {"wanted": wanted}, follow=True).content.decode()
        assert f"switched {'on' if state else 'off'}" in html
        world.cora.refresh_from_db()
        assert world.cora.case_digest is state
    assert "E-mails" not in signed_in(world.ada).get(reverse("account")).content.decode()


class Broken(BaseEmailBackend):
    def send_messages(self, messages: Any) -> int:
        raise SMTPException


def test_one_that_cannot_be_sent_is_not_noted_as_sent(world: World, waiting: list[Case], settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Broken"
    assert send_case_digests(now=NOW) == 0
    assert not CaseDigest.objects.exists()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_case_digests(now=NOW) == 1


def test_every_task_of_the_beat_is_one_that_workers_know() -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert "annotation.look_after_cases" in scheduled
    assert scheduled <= {f"annotation.{name}" for name in tasks.__all__}


@pytest.mark.parametrize(
    ("last", "newest", "is_due"),
    [
        (None, None, False),
        (None, NOW, True),
        (NOW - DAY, NOW, True),
        (NOW - DAY / 2, NOW, False),
        (NOW - 6 * DAY, NOW - 9 * DAY, False),
        (NOW - 7 * DAY, NOW - 9 * DAY, True),
    ],
)
def test_when_it_is_due(last: datetime | None, newest: datetime | None, is_due: bool) -> None:
    assert due(now=NOW, last=last, newest=newest) is is_due
