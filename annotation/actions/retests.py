"""Lays out retests: some of a rater's latents come back to her, unannounced, after a while."""

from datetime import datetime, timedelta

from django.db.models import Max

from annotation.enums import RoundKind, RoundState
from annotation.models import Rating, Round, Slot
from annotation.rules.turns import drawn, turn


def lay_retest(*, rating: Rating, now: datetime) -> Slot | None:
    """A place for the same rater on the same latent, if the study's draw says so; None otherwise.

    The draw follows from the study's seed, the latent and the rater: whoever runs it again draws the same. To be called
    once, inside the transaction that stores her first rating in the round. It comes due as long after `now` as the
    study says, and whenever she comes later than that.
    """
    study = rating.study
    if not drawn(study.retest_share, study.seed, "retest", rating.latent_id, rating.rater_id):
        return None
    twin = Round.objects.filter(repeats=rating.round_id, kind=RoundKind.RETEST, state=RoundState.OPEN).first()
    if twin is None:
        return None
    place = Slot(
        round=twin,
        latent_id=rating.latent_id,
        reserved_for_id=rating.rater_id,
        not_before=now + timedelta(hours=study.retest_gap_hours),
        turn=turn(study.seed, twin.pk, rating.latent_id, rating.rater_id),
    )
    return _insert(place)


def _insert(place: Slot) -> Slot:
    """Number it after the others on the latent. Where a colleague's submit takes the number meanwhile, the next."""
    others = Slot.objects.filter(round_id=place.round_id, latent_id=place.latent_id)
    while not others.filter(reserved_for_id=place.reserved_for_id).exists():
        place.number = (others.aggregate(Max("number"))["number__max"] or 0) + 1
        Slot.objects.bulk_create([place], ignore_conflicts=True)
    return others.get(reserved_for_id=place.reserved_for_id)
