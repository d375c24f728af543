"""The people of a study as one person may see them: her own institution's raters by name, or everybody by pseudonym."""

from dataclasses import dataclass
from datetime import datetime

from annotation.enums import Role
from annotation.models import Institution, Membership, Study, User
from annotation.queries.calibration_raters import CalibratedRater, calibrated_raters
from annotation.queries.rater_paces import Pace, rater_paces
from annotation.queries.rater_workload import Workload, workloads
from annotation.rules.inviting import accounts_to_open
from annotation.rules.next_task import explained
from annotation.rules.reminding import PAUSE


@dataclass(frozen=True, kw_only=True)
class RaterRow:
    member: Membership
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
    pace: Pace
    calibration: CalibratedRater | None
    """None for a rater who has withdrawn."""
    may_remind: bool
    """Something waits for her, and she was not written to within the last day."""
    next: str
    """What comes to her next, in words."""

    @property
    def membership(self) -> int:
        return self.member.pk

    @property
    def reachable(self) -> int:
        return self.rated + self.left

    @property
    def withdrawn(self) -> bool:
        return self.member.withdrawn_at is not None


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
    """All raters for a researcher (institutions None), or those of the coordinator's institutions by name.

    Those who withdrew come last. The same number of statements however many they are.
    """
    named = institutions is not None
    loads = [load for load in workloads(study, now=now, institutions=institutions) if load.membership.user.is_active]
    openable = accounts_to_open(by, [load.membership.user for load in loads], study)
    paces = rater_paces(study)
    calibrated = {one.membership.pk: one for one in calibrated_raters(study, institutions=institutions)}
    rows = [
        _rater(
            load,
            named=named,
            may_link=load.membership.user_id in openable,
            pace=paces[load.membership.pk],
            calibration=calibrated.get(load.membership.pk),
            by=by,
            now=now,
        )
        for load in loads
    ]
    return tuple(sorted(rows, key=lambda row: row.withdrawn))


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


def _rater(
    load: Workload,
    *,
    named: bool,
    may_link: bool,
    pace: Pace,
    calibration: CalibratedRater | None,
    by: User,
    now: datetime,
) -> RaterRow:
    member = load.membership
    gone = member.withdrawn_at is not None
    rested = pace.reminded_at is None or pace.reminded_at <= now - PAUSE
    return RaterRow(
        member=member,
        who=member.user.name if named else member.pseudonym,
        email=member.user.email if named else "",
        institution=member.institution.name if member.institution else "",
        rated=load.rated,
        left=0 if gone else load.left,
        last_active=load.last_active,
        entered=member.user.last_login is not None,
        may_link=may_link and not gone,
        pace=pace,
        calibration=calibration,
        may_remind=load.left + load.readings > 0 and not gone and rested,
        next="" if gone else explained(load.standing, to_herself=member.user_id == by.pk),
    )
