"""When a round will be through, in words."""

from datetime import date

from annotation.queries.projected_end import ProjectedEnd

TOO_SLOW_DAYS = 730
"""An end that may lie further away than this is not told to the day."""


def end_in_words(end: ProjectedEnd, *, today: date) -> str:
    """`between 3 and 9 December`, or the sentence that says why nothing can be told."""
    if end.earliest is None or end.latest is None:
        return end.reason
    if (end.latest - today).days > TOO_SLOW_DAYS:
        return f"not before {_day(end.earliest, today)}; the pace is too slow to say more"
    if end.earliest == end.latest:
        return f"around {_day(end.latest, today)}"
    if (end.earliest.year, end.earliest.month) == (end.latest.year, end.latest.month):
        return f"between {end.earliest.day} and {_day(end.latest, today)}"
    return f"between {_day(end.earliest, today)} and {_day(end.latest, today)}"


def _day(day: date, today: date) -> str:
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day.day} {day:%B}{year}"
