"""Keeps what a reader has judged so far, and her place with it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from annotation.actions.reading_tickets import ReadingTicket
from annotation.enums import Role, SlotState
from annotation.models import Draft, Reading, ReadingSlot, User
from annotation.rules.draft_answers import check_draft
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused
from annotation.rules.states import check_round_open


@transaction.atomic
def save_reading_draft(*, ticket: ReadingTicket, answers: Mapping[str, Any], by: User, now: datetime) -> Draft | None:
    """Store the judgements as they are, complete or not, and renew the lease. None if they were submitted meanwhile.

    Raises Refused if the place went to someone else or the round is closed.
    """
    slot = ReadingSlot.objects.select_related("round__study", "rating").filter(pk=ticket.slot).first()
    if slot is None:
        raise Refused("This round is closed: no more readings are taken. Thank you for your part in it.")
    check_role(by, slot.round.study, Role.ANNOTATOR)
    if Reading.objects.filter(submit_token=ticket.token).exists():
        return None
    check_round_open(slot.round)
    if slot.reader_id not in (by.pk, None):
        raise Refused("The time reserved for this rationale had run out, and a colleague reads it now.")
    kept = {name: value for name, value in answers.items() if name.startswith("snippet-") or name == "active_seconds"}
    draft, _ = Draft.objects.update_or_create(
        round_id=slot.round_id,
        latent_id=slot.rating.latent_id,
        rater=by,
        defaults={"answers": check_draft(kept), "saved_at": now},
    )
    ReadingSlot.objects.filter(pk=slot.pk, reader=by, state=SlotState.LEASED).update(
        lease_expires_at=now + timedelta(minutes=settings.LEASE_MINUTES)
    )
    return draft
