"""How long a rater needs for one latent: what the page promises her."""

from statistics import median

from django.core.cache import cache
from django.db.models import QuerySet

from annotation.models import Rating, Round, User
from annotation.rules.unannounced import shown_as

USUAL_SECONDS = 40
"""Before anybody has rated."""
LOOKED_AT = 100
"""The newest so many ratings tell the pace."""
REMEMBERED_SECONDS = 120


def seconds_each(*, round_: Round, user: User) -> int:
    """The median of her own active seconds in the study, else of everyone's in this round, else 40; a second at least.

    Both are remembered a while: they walk ratings. A retest promises what the round promises that it repeats.
    """
    asked = shown_as(round_)
    hers, everyones = f"pace:{round_.study_id}:{user.pk}", f"pace:{asked}"
    known = cache.get_many([hers, everyones])
    if hers not in known and (own := _seconds(Rating.objects.filter(study=round_.study_id, rater=user))):
        known[hers] = _remembered(hers, own)
    if hers not in known and everyones not in known and (others := _seconds(Rating.objects.filter(round=asked))):
        known[everyones] = _remembered(everyones, others)
    return int(known.get(hers) or known.get(everyones) or USUAL_SECONDS)


def _remembered(key: str, seconds: list[float]) -> int:
    found = max(1, round(median(seconds)))
    cache.set(key, found, timeout=REMEMBERED_SECONDS)
    return found


def _seconds(ratings: QuerySet[Rating]) -> list[float]:
    timed = ratings.filter(revision=1, active_seconds__gt=0).order_by("-submitted_at")
    return [seconds for seconds in timed.values_list("active_seconds", flat=True)[:LOOKED_AT] if seconds is not None]
