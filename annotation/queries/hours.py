"""How long a rater worked in a span of days: ratings, readings, and the active seconds that her browser counted."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from annotation.models import HoursStatement, Membership, Rating, Reading, Study

CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Hours:
    first_day: date
    last_day: date
    ratings: int
    """Latents rated, calibration and repeats among them; a revision adds its time, not a rating."""
    readings: int
    seconds: float
    uncounted: int
    """Ratings and readings without any counted time: they are in the numbers and not in the hours."""


def hours(membership: Membership, *, first_day: date, last_day: date) -> Hours:
    """Of both days and all between, in the installation's time zone. Two statements."""
    begin, end = _moments(first_day, last_day)
    span = Q(submitted_at__gte=begin, submitted_at__lt=end, study=membership.study_id)
    rated = _summed(Rating.objects.filter(span, rater=membership.user_id), Q(revision=1))
    read = _summed(Reading.objects.filter(span, reader=membership.user_id), Q())
    return Hours(
        first_day=first_day,
        last_day=last_day,
        ratings=rated["number"],
        readings=read["number"],
        seconds=round(float(rated["seconds"] or 0) + float(read["seconds"] or 0), 3),
        uncounted=rated["uncounted"] + read["uncounted"],
    )


def _summed(rows: QuerySet[Rating] | QuerySet[Reading], counts: Q) -> dict[str, Any]:
    return rows.aggregate(
        number=Count("pk", filter=counts),
        seconds=Sum("active_seconds"),
        uncounted=Count("pk", filter=counts & Q(active_seconds=None)),
    )


def _moments(first_day: date, last_day: date) -> tuple[datetime, datetime]:
    zone = timezone.get_default_timezone()
    return (
        datetime.combine(first_day, time.min, tzinfo=zone),
        datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=zone),
    )


def amount(seconds: float, paid: Study | HoursStatement) -> Decimal | None:
    """What the hours are worth at the rate of the study, or of the statement when it was signed, to the cent; None
    where none is paid."""
    if paid.hourly_rate is None:
        return None
    worth = Decimal(seconds) / 3600 * paid.hourly_rate
    return worth.quantize(CENT, rounding=ROUND_HALF_UP)


def statements_of(membership: Membership) -> list[HoursStatement]:
    """Newest first."""
    return list(membership.hours.select_related("signed_by").order_by("-last_day", "-signed_at", "-pk"))
