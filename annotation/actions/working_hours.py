"""The days over which the demo's simulated people work, so that retests, hours and progress have a past."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

MORNING, EVENING = time(8, tzinfo=UTC), time(18, tzinfo=UTC)
STEP = timedelta(minutes=12)


class WorkingHours(Iterator[datetime]):
    """Moments of work: one after another from morning to evening, day after day, until the evening of the last day.

    From then on it stays that evening. `now` is the moment that was handed out last.
    """

    def __init__(self, *, first: date, last: date) -> None:
        self.now = datetime.combine(first, MORNING)
        self.end = datetime.combine(last, EVENING)

    def __next__(self) -> datetime:
        self._go(self.now + STEP)
        return self.now

    def rest(self, pause: timedelta) -> None:
        """Go on after the pause, in working hours."""
        self._go(self.now + pause)

    def _go(self, moment: datetime) -> None:
        if moment.timetz() >= EVENING:
            moment = datetime.combine(moment.date() + timedelta(days=1), MORNING)
        if moment.timetz() < MORNING:
            moment = datetime.combine(moment.date(), MORNING)
        self.now = max(self.now, min(moment, self.end))
