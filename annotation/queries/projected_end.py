"""The day on which the open rounds will be rated through, if people go on as in the last fourteen days."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Count, Min, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from annotation.enums import RoundKind, RoundState, SlotState
from annotation.models import Institution, Rating, Slot, Study
from annotation.science.projection import project
from annotation.science.types import Undefined

WINDOW_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class ProjectedEnd:
    remaining: int
    """Places of open rounds without a rating."""
    ratings: int
    """Given in the window."""
    days: int
    """Whole days of the window, today left out."""
    earliest: date | None = None
    latest: date | None = None
    reason: str = ""
    """Why there is no date, in a sentence."""


def projected_end(study: Study, *, now: datetime, institutions: Iterable[Institution] | None = None) -> ProjectedEnd:
    """Of the study, or of the places that these institutions' raters fill. Three statements."""
    places = Slot.objects.filter(round__study=study, round__state=RoundState.OPEN).exclude(state=SlotState.SUBMITTED)
    ratings = Rating.objects.filter(study=study, revision=1).exclude(round__kind=RoundKind.EXTERNAL)
    if institutions is not None:
        own = list(institutions)
        places, ratings = places.filter(institution__in=own), ratings.filter(institution__in=own)
    remaining = places.count()
    today = timezone.localdate(now)
    opened = study.rounds.filter(state=RoundState.OPEN).aggregate(first=Min("opened_at"))["first"]
    days = min(WINDOW_DAYS, (today - timezone.localdate(opened)).days) if opened else 0
    daily = _daily(ratings, today, days)
    return _end(remaining, daily, today, opened is not None)


def _daily(ratings: QuerySet[Rating], today: date, days: int) -> list[int]:
    """Ratings on each of the last whole days."""
    first = today - timedelta(days=days)
    given = ratings.annotate(day=TruncDate("submitted_at")).filter(day__gte=first, day__lt=today)
    counted = dict(given.values_list("day").annotate(Count("pk")).order_by())
    return [counted.get(first + timedelta(days=day), 0) for day in range(days)]


def _end(remaining: int, daily: list[int], today: date, is_open: bool) -> ProjectedEnd:
    end = ProjectedEnd(remaining=remaining, ratings=sum(daily), days=len(daily))
    if not is_open:
        return replace(end, reason="No round is open.")
    if not remaining:
        return replace(end, reason="Every place of the open rounds is rated.")
    found = project(daily, remaining)
    if isinstance(found, Undefined):
        return replace(end, reason=found.reason)
    return replace(end, earliest=_day(today, found.low), latest=_day(today, found.high))


def _day(today: date, days: float) -> date:
    """A day within the calendar, however slow the pace."""
    return today + timedelta(days=min(round(days), 36_500))
