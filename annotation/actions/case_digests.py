"""Writes to an adjudicator how many cases wait for her: the study, how many, a link. Nothing of what they are about."""

import logging
from dataclasses import dataclass
from datetime import datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from annotation.actions import audit
from annotation.enums import AuditVerb, Role
from annotation.models import CaseDigest, Membership, Study, User
from annotation.queries.case_queue import QueuedCase, Standing, case_queue
from annotation.queries.my_roles import roles_by_study
from annotation.rules.case_digests import due

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What waits for one person in one study."""

    study: Study
    cases: tuple[QueuedCase, ...]

    @property
    def line(self) -> str:
        count = len(self.cases)
        waits = "1 case waits" if count == 1 else f"{count:,} cases wait"
        return f"{' '.join(self.study.name.split())}: {waits}"

    @property
    def link(self) -> str:
        return settings.SITE_URL.rstrip("/") + reverse("cases", args=[self.study.slug])


def send_case_digests(*, now: datetime) -> int:
    """One e-mail to every adjudicator who wants it and for whom something waits. Returns how many were sent.

    Running it again sends nothing more that day. One that cannot be sent is tried again the next time.
    """
    members = Membership.objects.filter(
        role=Role.ADJUDICATOR,
        withdrawn_at__isnull=True,
        user__is_active=True,
        user__case_digest=True,
        study__simulated=False,
    )
    return sum(_send_to(pk, now) for pk in sorted(set(members.values_list("user", flat=True))))


@transaction.atomic
def choose_case_digest(*, wanted: bool, by: User, now: datetime) -> User:
    """Whether she is written to when cases wait. Choosing what is so already changes nothing."""
    by = User.objects.select_for_update(no_key=True).get(pk=by.pk)
    if by.case_digest != wanted:
        by.case_digest = wanted
        by.save(update_fields=["case_digest"])
        audit.record(AuditVerb.CASE_DIGEST_CHOSEN, by, by=by, now=now, wanted=wanted)
    return by


@transaction.atomic
def _send_to(pk: int, now: datetime) -> bool:
    # One writer at a time to a person: two workers may come to her at the same moment.
    user = User.objects.select_for_update(no_key=True).get(pk=pk)
    last = user.case_digests.order_by("-sent_at").values_list("sent_at", flat=True).first()
    waiting = waiting_for(user, now=now)
    since = [entry.case.deferred_until or entry.case.opened_at for one in waiting for entry in one.cases]
    if not due(now=now, last=last, newest=max(since, default=None)):
        return False
    number = sum(len(one.cases) for one in waiting)
    try:
        with transaction.atomic():
            digest = CaseDigest.objects.create(user=user, sent_at=now, waiting=number)
            audit.record(AuditVerb.CASE_DIGEST_SENT, digest, by=None, now=now, waiting=number)
            _write(user, waiting, number)  # Last of all, so that what cannot be sent is not noted as sent.
    except (SMTPException, OSError) as error:
        logger.warning("A digest to user %s was not sent: %s", user.pk, type(error).__name__)
        return False
    return True


def waiting_for(user: User, *, now: datetime) -> tuple[Waiting, ...]:
    """By the study's name; studies of hers in which nothing waits are left out."""
    roles = roles_by_study(user)
    studies = Study.objects.filter(pk__in=[pk for pk, held in roles.items() if Role.ADJUDICATOR in held])
    found = []
    for study in studies.filter(simulated=False).order_by("name", "pk"):
        queue = case_queue(study=study, user=user, roles=roles[study.pk], now=now)
        if cases := tuple(entry for entry in queue if entry.standing == Standing.WAITS):
            found.append(Waiting(study=study, cases=cases))
    return tuple(found)


def _write(user: User, waiting: tuple[Waiting, ...], number: int) -> None:
    context = {
        "name": user.name,
        "waiting": waiting,
        "account": settings.SITE_URL.rstrip("/") + reverse("account"),
    }
    subject = "1 case waits for your decision" if number == 1 else f"{number:,} cases wait for your decision"
    EmailMessage(subject=subject, body=render_to_string("cases/digest.txt", context), to=[user.email]).send()
