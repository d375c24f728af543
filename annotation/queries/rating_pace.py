"""How long a rater needs for one latent: what the page promises her."""

from statistics import median

from django.core.cache import cache
from django.db.models import QuerySet

from annotation.models import Rating, Round, User

USUAL_SECONDS = 40
"""Before anybody has rated."""
LOOKED_AT = 100
"""The newest so many ratings tell the pace."""
REMEMBERED_SECONDS = 120


def seconds_each(*, round_: Round, user: User) -> int:
    """The median of her own active seconds in the study, else of everyone's in this round, else 40; a second at least.

    The round's walks its ratings: it is remembered a while.
    """
    own = _seconds(Rating.objects.filter(study=round_.study_id, rater=user))
    if own:
        return _median(own)
    key = f"pace:{round_.pk}"
    found = cache.get(key)
    if found is None:
        others = _seconds(Rating.objects.filter(round=round_))
        if not others:
            return USUAL_SECONDS
        found = _median(others)
        cache.set(key, found, timeout=REMEMBERED_SECONDS)
    return int(found)


def _seconds(ratings: QuerySet[Rating]) -> list[float]:
    timed = ratings.filter(revision=1, active_seconds__gt=0).order_by("-submitted_at")
    return [seconds for seconds in timed.values_list("active_seconds", flat=True)[:LOOKED_AT] if seconds is not None]


def _median(seconds: list[float]) -> int:
    return max(1, round(median(seconds)))
