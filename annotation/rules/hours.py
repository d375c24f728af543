"""For which days hours may be signed."""

from collections.abc import Iterable
from datetime import date

from annotation.models import HoursStatement
from annotation.rules.refusal import Refused

LONGEST_DAYS = 366


def check_period(first_day: date, last_day: date, *, today: date) -> None:
    """Raises Refused for days that are not over, in no order, or too many to be one statement."""
    if last_day < first_day:
        raise Refused("The last day lies before the first. Exchange them.")
    if last_day >= today:
        raise Refused("The days must be over before they are signed: choose yesterday at the latest.")
    if (last_day - first_day).days >= LONGEST_DAYS:
        raise Refused("One statement covers a year at most. Choose fewer days.")


def check_no_overlap(first_day: date, last_day: date, others: Iterable[HoursStatement]) -> None:
    """The same days again are a correction; days that overlap in part would be counted twice. Raises Refused."""
    for other in others:
        same = (other.first_day, other.last_day) == (first_day, last_day)
        if not same and other.first_day <= last_day and first_day <= other.last_day:
            raise Refused(
                f"Some of these days are in the statement of {in_words(other.first_day, other.last_day)} already. "
                "Choose days outside it, or exactly its days to correct it."
            )


def in_words(first_day: date, last_day: date) -> str:
    """`3 to 9 December 2026`, `28 November to 3 December 2026`, `3 December 2026`."""
    end = f"{last_day.day} {last_day:%B %Y}"
    if first_day == last_day:
        return end
    if first_day.year != last_day.year:
        return f"{first_day.day} {first_day:%B %Y} to {end}"
    if first_day.month != last_day.month:
        return f"{first_day.day} {first_day:%B} to {end}"
    return f"{first_day.day} to {end}"
