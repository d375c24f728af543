"""The people of a study as one person may see them: her own institution's raters by name, or everybody by pseudonym."""

from dataclasses import dataclass
from datetime import datetime

from annotation.enums import Role
from annotation.models import Institution, Membership, Study, User
from annotation.queries.rater_workload import Workload, workloads
from annotation.rules.inviting import accounts_to_open


@dataclass(frozen=True, kw_only=True)
class RaterRow:
    membership: int
    who: str
    """Name for her coordinator, pseudonym for the researcher: whoever sees ratings does not see names beside them."""
    email: str
    """Empty for the researcher."""
    institution: str
    rated: int
    left: int
    last_active: datetime | None
    entered: bool
    """Whether she has ever come in."""
    may_link: bool

    @property
    def reachable(self) -> int:
        return self.rated + self.left


@dataclass(frozen=True, kw_only=True)
class MemberRow:
    membership: int
    who: str
    role: str
    institution: str
    entered: bool
    may_link: bool


def rater_rows(
    study: Study, *, by: User, now: datetime, institutions: tuple[Institution, ...] | None
) -> tuple[RaterRow, ...]:
    """All raters for a researcher (institutions None), or those of the coordinator's institutions by name."""
    named = institutions is not None
    found = workloads(study, now=now, institutions=institutions)
    active = [load for load in found if load.membership.user.is_active]
    openable = accounts_to_open(by, [load.membership.user for load in active], study)
    return tuple(_rater(load, named, load.membership.user_id in openable) for load in active)


def other_members(study: Study, *, by: User) -> tuple[MemberRow, ...]:
    """For the researcher: adjudicators by pseudonym, coordinators and researchers by name."""
    others = Membership.objects.filter(study=study, user__is_active=True).exclude(role=Role.ANNOTATOR)
    members = list(others.select_related("user", "institution").order_by("role", "pseudonym"))
    openable = accounts_to_open(by, [member.user for member in members], study)
    return tuple(
        MemberRow(
            membership=member.pk,
            who=member.pseudonym if member.role == Role.ADJUDICATOR else member.user.name,
            role=member.get_role_display(),
            institution=member.institution.name if member.institution else "",
            entered=member.user.last_login is not None,
            may_link=member.user_id in openable,
        )
        for member in members
    )


def _rater(load: Workload, named: bool, may_link: bool) -> RaterRow:
    member = load.membership
    return RaterRow(
        membership=member.pk,
        who=member.user.name if named else member.pseudonym,
        email=member.user.email if named else "",
        institution=member.institution.name if member.institution else "",
        rated=load.rated,
        left=load.left,
        last_active=load.last_active,
        entered=member.user.last_login is not None,
        may_link=may_link,
    )
