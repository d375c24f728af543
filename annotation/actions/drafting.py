"""Keeps what a rater has entered so far, and her place with it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When

from annotation.actions.tickets import Ticket
from annotation.enums import SlotState
from annotation.models import Decline, Draft, Rating, Round, Slot, User
from annotation.queries.last_ratings import own_rating
from annotation.rules.draft_answers import check_draft
from annotation.rules.draft_windows import REVISES, check_newest, read_number
from annotation.rules.refusal import NotYours, Refused
from annotation.rules.states import check_round_open

DECLINED = "You gave this latent back as not your field, and what you had entered was dropped."
REVISED = "You have revised this rating in another window meanwhile. Open it again among your last ten."


@transaction.atomic
def save_draft(
    *,
    ticket: Ticket,
    answers: Mapping[str, Any],
    by: User,
    now: datetime,
    window: str = "",
    number: int = 0,
    revises: int = 0,
) -> Draft | None:
    """Store the answers as they are, complete or not, and renew the lease. None if they were submitted meanwhile.

    window, number: which window of hers saves, and the number of the draft that it saw last. revises: the rating that
    the answers are a second thought on; 0 for a first answer.
    Raises Refused if they are too large to keep, the round is closed, or she declined the latent or revised the rating
    meanwhile; NewerDraft if another window saved later; NotYours where there is no such rating to revise.
    """
    _lock_place(ticket.slot, by, now)
    round_, rated, declined = _standing(ticket, by)
    check_round_open(round_)
    if revises:
        _check_newest_revision(revises, ticket, by)
    elif rated:
        return None
    elif declined:
        raise Refused(DECLINED)
    content = {"answers": check_draft(answers), "saved_at": now, "window": window}
    draft, is_new = Draft.objects.select_for_update().get_or_create(
        round_id=ticket.round, latent_id=ticket.latent, rater=by, defaults=content
    )
    if is_new:
        return draft
    if read_number(draft.answers.get(REVISES)) == revises:  # Else a left-over of another form: not newer than this one.
        check_newest(draft, window=window, number=number)
    draft.answers, draft.saved_at, draft.window = content["answers"], now, window
    draft.number += 1
    draft.save(update_fields=["answers", "saved_at", "window", "number"])
    return draft


def _lock_place(slot: int, by: User, now: datetime) -> None:
    """The slot first, as a submit and a decline do: a draft that comes with them waits, and finds what they stored.

    That holds whoever has the place by now; only her own live lease is renewed.
    """
    hers = Q(rater=by, state=SlotState.LEASED, lease_expires_at__gte=now)
    until = Value(now + timedelta(minutes=settings.LEASE_MINUTES))
    Slot.objects.filter(pk=slot).update(lease_expires_at=Case(When(hers, then=until), default=F("lease_expires_at")))


def _standing(ticket: Ticket, by: User) -> tuple[Round, bool, bool]:
    """The round, whether she has rated the latent in it, and whether she declined the latent. One statement."""
    own: QuerySet[Any] = Rating.objects.filter(latent=ticket.latent, round=OuterRef("pk"), rater=by)
    declined = Decline.objects.filter(latent=ticket.latent, rater=by)
    round_ = Round.objects.select_related("study").annotate(rated=Exists(own), declined=Exists(declined))
    found = round_.get(pk=ticket.round)
    return found, vars(found)["rated"], vars(found)["declined"]


def _check_newest_revision(rating: int, ticket: Ticket, by: User) -> None:
    """Under the lock that a revision takes: a draft that comes with it waits, and finds the new row."""
    round_ = Round.objects.select_for_update(of=("self",), no_key=True).select_related("study").get(pk=ticket.round)
    newest = own_rating(rating, user=by, study=round_.study)
    if (newest.round_id, newest.latent_id) != (ticket.round, ticket.latent):
        raise NotYours("This form belongs to another rating. Open it again among your last ten.")
    if newest.pk != rating:
        raise Refused(REVISED)
