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
from annotation.rules.draft_windows import check_newest
from annotation.rules.states import check_round_open


@transaction.atomic
def save_draft(
    *, ticket: Ticket, answers: Mapping[str, Any], by: User, now: datetime, window: str = "", number: int = 0
) -> Draft | None:
    """Store the answers as they are, complete or not, and renew the lease. None if they were submitted meanwhile.

    window, number: which window of hers saves, and the number of the draft that it saw last.
    Raises Refused if they are too large to keep or the round is closed, NewerDraft if another window saved later.
    """
    # The slot first, as a submit does: a draft that is on its way then waits for the submit, and finds the rating.
    Slot.objects.filter(pk=ticket.slot, rater=by, state=SlotState.LEASED, lease_expires_at__gte=now).update(
        lease_expires_at=now + timedelta(minutes=settings.LEASE_MINUTES)
    )
    check_round_open(Round.objects.get(pk=ticket.round))
    if Rating.objects.filter(latent=ticket.latent, round=ticket.round, rater=by).exists():
        return None
    content = {"answers": check_draft(answers), "saved_at": now, "window": window}
    draft, is_new = Draft.objects.select_for_update().get_or_create(
        round_id=ticket.round, latent_id=ticket.latent, rater=by, defaults=content
    )
    if is_new:
        return draft
    check_newest(draft, window=window, number=number)
    draft.answers, draft.saved_at, draft.window = content["answers"], now, window
    draft.number += 1
    draft.save(update_fields=["answers", "saved_at", "window", "number"])
    return draft
