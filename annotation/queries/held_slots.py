"""The places that a rater holds now, in the order in which they come to her."""

from collections.abc import Sequence
from datetime import datetime

from annotation.enums import RoundKind, RoundState, SlotState
from annotation.models import Round, Slot, Study, User


def held_slots(*, study: Study, user: User, named: Sequence[int], now: datetime) -> list[Slot]:
    """Her leased slots in open rounds: those of `named` first, as named; then the others, the longest lease first.

    One that nobody named is there after a reload, or from another window: it is to be rated before new ones are taken.
    Calibration latents that nobody named are left out; what the panel says of one comes before the next.
    """
    hers = Slot.objects.filter(
        rater=user, state=SlotState.LEASED, round__study=study, round__state=RoundState.OPEN, lease_expires_at__gte=now
    )
    place = {pk: at for at, pk in enumerate(dict.fromkeys(named))}
    found = [
        slot
        for slot in hers.select_related("round__repeats").order_by("-lease_expires_at", "pk")
        if slot.pk in place or slot.round.kind != RoundKind.CALIBRATION
    ]
    return sorted(found, key=lambda slot: place.get(slot.pk, len(place)))


def number_shown(round_: Round) -> int:
    """A retest goes by the number of the round that it repeats: nothing tells her that it is one."""
    repeated = round_.repeats
    return repeated.number if repeated and round_.kind == RoundKind.RETEST else round_.number
