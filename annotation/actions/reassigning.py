"""Takes a place back from a rater who left it lying, or keeps it for one who will take it."""

from datetime import datetime

from django.db import transaction

from annotation.actions import audit
from annotation.enums import AuditVerb, SlotState
from annotation.models import Draft, Membership, Slot, Study, User
from annotation.queries.barred_raters import barred_pairs
from annotation.rules.looking_after import NOT_AMONG_YOURS
from annotation.rules.reassigning import check_place, check_recipient
from annotation.rules.refusal import NotYours, Refused


@transaction.atomic
def take_back(*, study: Study, slot_id: int, by: User, now: datetime) -> Slot:
    """Make the place free for whoever comes next. What was entered on it stays as a draft, and a late rating counts.

    Raises NotYours for a place that is not hers to dispose of, Refused while it is in hand or where nobody holds it.
    """
    slot = _lock(study, slot_id)
    check_place(slot, by=by, saved_at=_saved_at(slot), now=now)
    holder = slot.rater_id or slot.reserved_for_id
    if holder is None:
        raise Refused("This place is free already: whoever comes next may take it.")
    _free(slot)
    audit.record(AuditVerb.SLOT_FREED, slot, by=by, now=now, study=study, held_by=holder)
    return slot


@transaction.atomic
def give(*, study: Study, slot_id: int, to: Membership, by: User, now: datetime) -> Slot:
    """Keep the place for one rater: it comes to her alone, before anything that is free. To the same again: no change.

    Raises NotYours for a place or a rater that is not hers, Refused where the rater may not take it.
    """
    slot = _lock(study, slot_id)
    if slot.reserved_for_id == to.user_id and slot.state == SlotState.OPEN:
        return slot
    check_place(slot, by=by, saved_at=_saved_at(slot), now=now)
    holder = slot.rater_id or slot.reserved_for_id
    if holder != to.user_id:
        barred = (slot.latent_id, to.user_id) in barred_pairs([slot.latent_id])
        check_recipient(slot, to, by=by, barred=barred)
    _free(slot, reserved_for=to.user, not_before=now)
    audit.record(AuditVerb.SLOT_GIVEN, slot, by=by, now=now, study=study, to=to.user_id, held_by=holder or 0)
    return slot


def _lock(study: Study, slot_id: int) -> Slot:
    places = Slot.objects.select_for_update(of=("self",), no_key=True).select_related("round__study")
    slot = places.filter(pk=slot_id, round__study=study).first()
    if slot is None:
        raise NotYours(NOT_AMONG_YOURS)
    return slot


def _saved_at(slot: Slot) -> datetime | None:
    if slot.rater_id is None:
        return None
    begun = Draft.objects.filter(round=slot.round_id, latent=slot.latent_id, rater=slot.rater_id)
    return begun.values_list("saved_at", flat=True).first()


def _free(slot: Slot, *, reserved_for: User | None = None, not_before: datetime | None = None) -> None:
    slot.state, slot.rater, slot.lease_token, slot.lease_expires_at = SlotState.OPEN, None, None, None
    slot.reserved_for, slot.not_before = reserved_for, not_before
    slot.save(update_fields=["state", "rater", "lease_token", "lease_expires_at", "reserved_for", "not_before"])
