"""What the pages of one rater share: finding her among those whom the person looks after, and her name or pseudonym."""

from dataclasses import dataclass

from annotation.enums import Role
from annotation.models import Membership
from annotation.rules.looking_after import NOT_AMONG_YOURS, looked_after
from annotation.rules.refusal import NotYours
from annotation.views.access import Place


@dataclass(frozen=True, kw_only=True)
class Rater:
    member: Membership
    who: str
    """Her name for a coordinator, her pseudonym for a researcher."""
    named: bool


def find_rater(place: Place, membership: int) -> Rater:
    """Raises NotYours if she is not among those whom the person looks after."""
    named = Role.RESEARCHER not in place.roles
    found = looked_after(place.user, place.study).select_related("user", "study", "institution").filter(pk=membership)
    member = found.first()
    if member is None:
        raise NotYours(NOT_AMONG_YOURS)
    return Rater(member=member, who=member.user.name if named else member.pseudonym, named=named)
