"""A coordinator signs off what one of her raters worked. A statement stays; another over the same days corrects it."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from annotation.actions import audit
from annotation.enums import AuditVerb
from annotation.models import HoursStatement, Membership, User
from annotation.queries.hours import hours, statements_of
from annotation.rules.hours import check_no_overlap, check_period
from annotation.rules.looking_after import check_signs
from annotation.rules.refusal import Refused


@transaction.atomic
def sign_hours(*, membership: Membership, first_day: date, last_day: date, by: User, now: datetime) -> HoursStatement:
    """Store the figures as they are now. The same figures for the same days again return the statement that is there.

    Raises NotYours for anyone who does not look after her, Refused for who may not sign, and for days that are empty
    or cannot be signed.
    """
    check_signs(by, membership)
    check_period(first_day, last_day, today=timezone.localdate(now))
    Membership.objects.select_for_update(no_key=True).get(pk=membership.pk)
    earlier = statements_of(membership)
    check_no_overlap(first_day, last_day, earlier)
    worked = hours(membership, first_day=first_day, last_day=last_day)
    if not worked.ratings and not worked.readings and not worked.seconds:
        raise Refused("She rated and read nothing on these days: there is nothing to sign.")
    study = membership.study
    figures = {**vars(worked), "hourly_rate": study.hourly_rate, "currency": study.currency}
    last = next((one for one in earlier if (one.first_day, one.last_day) == (first_day, last_day)), None)
    if last is not None and all(getattr(last, name) == value for name, value in figures.items()):
        return last
    statement = HoursStatement.objects.create(membership=membership, signed_by=by, signed_at=now, **figures)
    audit.record(
        AuditVerb.HOURS_SIGNED,
        statement,
        by=by,
        now=now,
        study=membership.study_id,
        corrects=last.pk if last else 0,
        ratings=worked.ratings,
        readings=worked.readings,
        seconds=round(worked.seconds),
    )
    return statement
