"""What a number of ratings costs the people who give them: minutes, and money where the study pays an hourly rate."""

from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from annotation.models import Rating, Study
from annotation.queries.rating_pace import USUAL_SECONDS

LOOKED_AT = 500
"""The newest so many ratings tell the pace."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    seconds: float
    """For one rating."""
    ratings: int
    """That the seconds are the median of; 0 where nobody has rated and they are the usual ones."""
    hourly_rate: Decimal | None
    currency: str

    def minutes(self, ratings: float) -> float:
        return ratings * self.seconds / 60

    def money(self, ratings: float) -> Decimal | None:
        """To the cent; None where the study pays none."""
        if self.hourly_rate is None:
            return None
        return (Decimal(str(self.minutes(ratings))) / 60 * self.hourly_rate).quantize(Decimal("0.01"))


def study_pace(study: Study) -> Pace:
    """One statement."""
    timed = Rating.objects.filter(study=study, revision=1, active_seconds__gt=0).order_by("-pk")
    latest = timed.values_list("active_seconds", flat=True)[:LOOKED_AT]
    seconds = [taken for taken in latest if taken is not None]
    return Pace(
        seconds=median(seconds) if seconds else float(USUAL_SECONDS),
        ratings=len(seconds),
        hourly_rate=study.hourly_rate,
        currency=study.currency,
    )
