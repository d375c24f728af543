"""What a rating form tells the scripts that keep it: which draft it is, and what the site has of it."""

from dataclasses import dataclass
from typing import Any

from annotation.actions.tickets import read_ticket
from annotation.models import Draft, Rating, User
from annotation.queries.rating_sheet import RatingSheet
from annotation.rules.device import draft_name, revision_name


@dataclass(frozen=True, kw_only=True)
class OnDevice:
    name: str
    """Of the place and of its draft on the device: says nothing to whoever reads the page or the disk."""
    number: int
    """Of the newest draft that the site has; 0 for none."""
    window: str
    """Which window saved that one."""


def device_context(sheet: RatingSheet, *, ticket: str, user: User) -> dict[str, Any]:
    """For rate/device.html. ticket: as the form carries it."""
    of = read_ticket(ticket, by=user)
    name = draft_name(user, round_id=of.round, latent_id=of.latent)
    return {"on_device": _on_device(name, sheet.draft)}


def revision_context(rating: Rating, *, draft: Draft | None, user: User) -> dict[str, Any]:
    """For rate/device.html of a rating that she revises. draft: of this revision."""
    return {"on_device": _on_device(revision_name(user, rating_id=rating.pk), draft)}


def _on_device(name: str, draft: Draft | None) -> OnDevice:
    number, window = (draft.number, draft.window) if draft else (0, "")
    return OnDevice(name=name, number=number, window=window)
