"""Which places may change hands, and into whose."""

from datetime import datetime, timedelta

from annotation.enums import RoundKind, RoundState, SlotState
from annotation.models import Membership, Slot, User
from annotation.rules.looking_after import NOT_AMONG_YOURS, directs, looked_after
from annotation.rules.refusal import NotYours, Refused

FOR_ANYONE = (RoundKind.INDEPENDENT, RoundKind.EXTRA)
"""Kinds whose places any rater may fill. The others ask one person for what only she can say."""
QUIET = timedelta(days=2)
"""So long without a change, what was begun counts as left lying."""
UNTOUCHED = timedelta(days=3)
"""So long after it could have been taken, a place that is kept for somebody counts as left lying."""


def is_at_work(slot: Slot, *, saved_at: datetime | None, now: datetime) -> bool:
    """Whether its rater has it in hand: her lease runs, and what she entered changed within the last two days."""
    if slot.state != SlotState.LEASED or slot.lease_expires_at is None or slot.lease_expires_at < now:
        return False
    return saved_at is None or saved_at > now - QUIET


def check_place(slot: Slot, *, by: User, saved_at: datetime | None, now: datetime) -> None:
    """Raises NotYours for a place that is not this person's to dispose of, Refused for one that cannot change hands."""
    own = looked_after(by, slot.round.study)
    holder = slot.rater_id or slot.reserved_for_id
    if not directs(by, slot.round.study):
        theirs = own.values_list("institution", flat=True)
        if holder and not own.filter(user=holder).exists():
            raise NotYours(NOT_AMONG_YOURS)
        if slot.institution_id is not None and slot.institution_id not in set(theirs):
            raise NotYours(NOT_AMONG_YOURS)
    if slot.round.state != RoundState.OPEN:
        raise Refused("The round is closed: its places are no longer handed out.")
    if slot.state == SlotState.SUBMITTED:
        raise Refused("This place has been rated meanwhile. Nothing is left to give.")
    if slot.round.kind not in FOR_ANYONE:
        raise Refused("Only she can take this place: it asks for her own answer. A reminder is what helps.")
    if is_at_work(slot, saved_at=saved_at, now=now):
        raise Refused("Its rater is at work on it now. Wait until she has left it for two days.")


def check_recipient(slot: Slot, to: Membership, *, by: User, barred: bool) -> None:
    """Raises NotYours for a rater who is not among hers, Refused for one who may not take the place.

    barred: whether she rated, read, declined or holds the latent (queries.barred_raters).
    """
    if not looked_after(by, slot.round.study).filter(pk=to.pk).exists():
        raise NotYours(NOT_AMONG_YOURS)
    if to.withdrawn_at:
        raise Refused("She has withdrawn from the study. Choose somebody else.")
    if slot.institution_id is not None and slot.institution_id != to.institution_id:
        raise Refused("This place is kept for another institution, so that opinions stay spread. Choose one of theirs.")
    if barred:
        raise Refused(
            "She has rated, read or declined this latent, or holds another place on it. A latent is rated by people "
            "who see it for the first time: choose somebody else."
        )
