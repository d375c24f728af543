"""A ticket proves that the site once handed a slot to a rater, also after the lease has run out.

She cannot read it: the round in it would tell her an unannounced retest.
"""

from dataclasses import dataclass
from struct import Struct
from uuid import UUID

from annotation.actions.sealing import BrokenSeal, seal, unseal
from annotation.models import Rating, Slot, User
from annotation.rules.refusal import Refused

PURPOSE = "ticket of a slot"
CONTENT = Struct(">qqqq16s")
"""slot, round, latent, rater, token: the same length whatever the numbers."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    slot: int
    round: int
    latent: int
    token: UUID
    """The lease's token: also the submit token, so that a form sent twice stores one rating."""


def write_ticket(slot: Slot) -> str:
    """Of a slot that somebody holds."""
    assert slot.lease_token is not None
    assert slot.rater_id is not None
    return _write(slot.pk, slot.round_id, slot.latent_id, slot.rater_id, slot.lease_token)


def write_ticket_of(rating: Rating) -> str:
    """For a page that shows what she has rated: good for a report of a snippet; sent as a form, it is the same form."""
    return _write(rating.slot_id or 0, rating.round_id, rating.latent_id, rating.rater_id, rating.submit_token)


def _write(slot: int, round_: int, latent: int, rater: int, token: UUID) -> str:
    return seal(PURPOSE, CONTENT.pack(slot, round_, latent, rater, token.bytes))


def read_ticket(text: str, *, by: User) -> Ticket:
    """Raises Refused if it was altered or handed to someone else."""
    try:
        slot, round_, latent, rater, token = CONTENT.unpack(unseal(PURPOSE, text))
    except BrokenSeal as error:
        raise Refused(
            "This form does not come from this site as it is now. Open the page again; your draft is kept."
        ) from error
    if rater != by.pk:
        raise Refused("This form was opened by someone else. Sign in as her, or open your own next latent.")
    return Ticket(slot=slot, round=round_, latent=latent, token=UUID(bytes=token))
