"""The places that a rater holds now, in the order in which they come to her."""

from collections.abc import Sequence
from datetime import datetime

from annotation.enums import RoundKind, RoundState, SlotState
from annotation.models import Slot, Study, User
from annotation.rules.device import draft_name


def held_slots(*, study: Study, user: User, named: Sequence[str], now: datetime) -> list[Slot]:
    """Her leased slots in open rounds: those of `named` first, as named; then the others, the longest lease first.

    named: as `name_of` names them. One that nobody named is there after a reload, or from another window: it is to be
    rated before new ones are taken. Calibration latents that nobody named are left out; what the panel says of one
    comes before the next.
    """
    hers = Slot.objects.filter(
        rater=user, state=SlotState.LEASED, round__study=study, round__state=RoundState.OPEN, lease_expires_at__gte=now
    )
    place = {name: at for at, name in enumerate(dict.fromkeys(named))}
    found = [
        (place.get(name_of(slot, user), len(place)), slot)
        for slot in hers.select_related("round").order_by("-lease_expires_at", "pk")
    ]
    known = [(at, slot) for at, slot in found if at < len(place) or slot.round.kind != RoundKind.CALIBRATION]
    return [slot for _, slot in sorted(known, key=lambda one: one[0])]


def name_of(slot: Slot, user: User) -> str:
    """What her browser calls the place. Its id would tell a retest: those are laid out long after the round."""
    return draft_name(user, round_id=slot.round_id, latent_id=slot.latent_id)
