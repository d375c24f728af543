"""Writes to a rater that latents wait for her: the study, how many, a link. Nothing of a snippet or a rating."""

import logging
from datetime import datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from annotation.actions import audit
from annotation.enums import AuditVerb
from annotation.models import Membership, Reminder, User
from annotation.queries.rater_workload import workloads
from annotation.rules.looking_after import check_looks_after
from annotation.rules.refusal import Refused
from annotation.rules.reminding import PAUSE

logger = logging.getLogger(__name__)
NOT_SENT = "The e-mail could not be sent: the mail server did not take it. Try again later, or tell who runs this site."


@transaction.atomic
def remind(*, membership: Membership, by: User, now: datetime) -> Reminder:
    """Send one e-mail, at most one a day to a person whatever studies she is in.

    Raises NotYours for a rater who is not hers, Refused where nothing waits, she left, or was written to today.
    """
    check_looks_after(by, membership)
    membership = Membership.objects.select_related("user", "study", "institution").get(pk=membership.pk)
    if membership.withdrawn_at:
        raise Refused("She has withdrawn from the study, and is not written to any more.")
    # One writer at a time to a person: two coordinators may press at the same moment.
    User.objects.select_for_update(no_key=True).get(pk=membership.user_id)
    recent = Reminder.objects.filter(membership__user=membership.user_id, sent_at__gt=now - PAUSE)
    if recent.exists():
        raise Refused("She was reminded within the last day. Once a day is enough.")
    waiting = waiting_for(membership, now=now)
    if not sum(waiting):
        raise Refused("Nothing waits for her now, so there is nothing to remind her of.")
    reminder = Reminder.objects.create(membership=membership, sent_by=by, sent_at=now)
    audit.record(AuditVerb.RATER_REMINDED, reminder, by=by, now=now, study=membership.study, waiting=sum(waiting))
    _send(membership, waiting)
    return reminder


def waiting_for(membership: Membership, *, now: datetime) -> tuple[int, int]:
    """Latents that she holds or could be handed now, and rationales that she could read."""
    own = [membership.institution] if membership.institution else []
    loads = workloads(membership.study, now=now, institutions=own)
    return next(((load.left, load.readings) for load in loads if load.membership.pk == membership.pk), (0, 0))


def _send(membership: Membership, waiting: tuple[int, int]) -> None:
    """Last of all, so that what cannot be sent is not noted as sent."""
    study = " ".join(membership.study.name.split())
    latents = _in_words(*waiting)
    context = {
        "name": membership.user.name,
        "study": study,
        "latents": latents,
        "link": settings.SITE_URL.rstrip("/") + reverse("rate", args=[membership.study.slug]),
        "account": settings.SITE_URL.rstrip("/") + reverse("account"),
    }
    text = render_to_string("people/reminder.txt", context)
    try:
        EmailMessage(subject=f"{study}: {latents} for you", body=text, to=[membership.user.email]).send()
    except (SMTPException, OSError) as error:
        logger.warning("A reminder to member %s was not sent: %s", membership.pk, type(error).__name__)
        raise Refused(NOT_SENT) from error


def _in_words(latents: int, rationales: int) -> str:
    """`3 latents wait`, `1 rationale to read waits`, or both."""
    told = ((latents, "latent", ""), (rationales, "rationale", " to read"))
    parts = [f"{number:,} {one}{'' if number == 1 else 's'}{what}" for number, one, what in told if number]
    return f"{' and '.join(parts)} {'waits' if latents + rationales == 1 else 'wait'}"
