"""What a rating form tells the scripts that keep it: which slot and which draft it is, and what the site has of it."""

from dataclasses import dataclass
from typing import Any

from annotation.actions.tickets import read_ticket
from annotation.models import User
from annotation.queries.rating_sheet import RatingSheet
from annotation.rules.device import draft_name


@dataclass(frozen=True, kw_only=True)
class OnDevice:
    slot: int
    name: str
    """Of the draft on the device: says nothing to whoever reads the disk."""
    number: int
    """Of the newest draft that the site has; 0 for none."""
    window: str
    """Which window saved that one."""


def device_context(sheet: RatingSheet, *, ticket: str, user: User) -> dict[str, Any]:
    """For rate/device.html. ticket: as the form carries it."""
    of = read_ticket(ticket, by=user)
    return {
        "on_device": OnDevice(
            slot=of.slot,
            name=draft_name(user, round_id=of.round, latent_id=of.latent),
            number=sheet.draft.number if sheet.draft else 0,
            window=sheet.draft.window if sheet.draft else "",
        )
    }
