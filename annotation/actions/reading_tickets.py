"""A ticket proves that the site once handed a place to read to a reader, also after the lease has run out."""

import json
from dataclasses import dataclass
from uuid import UUID

from annotation.actions.sealing import BrokenSeal, seal, unseal
from annotation.models import ReadingSlot, User
from annotation.rules.refusal import Refused

PURPOSE = "ticket of a reading"


@dataclass(frozen=True, kw_only=True)
class ReadingTicket:
    slot: int
    token: UUID
    """The lease's token: also the submit token, so that a form sent twice stores one reading."""
    snippets: tuple[int, ...]
    """Those that she was shown."""


def write_reading_ticket(slot: ReadingSlot) -> str:
    content = [slot.pk, str(slot.lease_token), slot.reader_id, slot.snippets]
    return seal(PURPOSE, json.dumps(content).encode())


def read_reading_ticket(text: str, *, by: User) -> ReadingTicket:
    """Raises Refused if it was altered or handed to someone else."""
    try:
        slot, token, reader, snippets = json.loads(unseal(PURPOSE, text))
    except BrokenSeal as error:
        raise Refused("This form does not come from this site as it is now. Open the page again.") from error
    if reader != by.pk:
        raise Refused("This form was opened by someone else. Sign in as her, or open your own next rationale.")
    return ReadingTicket(slot=slot, token=UUID(token), snippets=tuple(snippets))
