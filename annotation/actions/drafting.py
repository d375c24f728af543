"""Keeps what a rater has entered so far, and her place with it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from annotation.actions.tickets import Ticket
from annotation.enums import SlotState
from annotation.models import Draft, Rating, Round, Slot, User
from annotation.rules.draft_answers import check_draft
from annotation.rules.states import check_round_open


@transaction.atomic
def save_draft(*, ticket: Ticket, answers: Mapping[str, Any], by: User, now: datetime) -> Draft | None:
    """Store the answers as they are, complete or not, and renew the lease. None if they were submitted meanwhile.

    Raises Refused if they are too large to keep or the round is closed.
    """
    check_round_open(Round.objects.get(pk=ticket.round))
    if Rating.objects.filter(latent=ticket.latent, round=ticket.round, rater=by).exists():
        return None
    draft, _ = Draft.objects.update_or_create(
        round_id=ticket.round,
        latent_id=ticket.latent,
        rater=by,
        defaults={"answers": check_draft(answers), "saved_at": now},
    )
    Slot.objects.filter(pk=ticket.slot, rater=by, state=SlotState.LEASED, lease_expires_at__gte=now).update(
        lease_expires_at=now + timedelta(minutes=settings.LEASE_MINUTES)
    )
    return draft
