"""A ticket proves that the site once handed a slot to a rater, also after the lease has run out."""

from dataclasses import dataclass
from uuid import UUID

from django.core import signing

from annotation.models import Rating, Slot, User
from annotation.rules.refusal import Refused

SALT = "consilium.slot"


@dataclass(frozen=True, kw_only=True)
class Ticket:
    slot: int
    round: int
    latent: int
    token: UUID
    """The lease's token: also the submit token, so that a form sent twice stores one rating."""


def write_ticket(slot: Slot) -> str:
    content = [slot.pk, slot.round_id, slot.latent_id, str(slot.lease_token), slot.rater_id]
    return signing.dumps(content, salt=SALT, compress=True)


def write_ticket_of(rating: Rating) -> str:
    """For a page that shows what she has rated: good for a report of a snippet; sent as a form, it is the same form."""
    content = [rating.slot_id or 0, rating.round_id, rating.latent_id, str(rating.submit_token), rating.rater_id]
    return signing.dumps(content, salt=SALT, compress=True)


def read_ticket(text: str, *, by: User) -> Ticket:
    """Raises Refused if it was altered or handed to someone else."""
    try:
        slot, round_, latent, token, rater = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise Refused(
            "This form does not come from this site as it is now. Open the page again; your draft is kept."
        ) from error
    if rater != by.pk:
        raise Refused("This form was opened by someone else. Sign in as her, or open your own next latent.")
    return Ticket(slot=slot, round=round_, latent=latent, token=UUID(token))
