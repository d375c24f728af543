"""Who looks at a snippet that may show a person: a coordinator of the reporter's institution, else the researcher."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from annotation.enums import Role
from annotation.models import Membership, SnippetReport, Study, User
from annotation.rules.membership import STRANGER, active
from annotation.rules.refusal import NotYours, Refused

LONGEST_REASON = 2000
NONE_SUCH = "There is no such report among those that are yours to look at."


def reports_for(user: User, study: Study) -> QuerySet[SnippetReport]:
    """The study's reports that this person decides: those from her institution, or, for a researcher, from nobody's."""
    reports = SnippetReport.objects.filter(study=study)
    own = active(study).filter(user=user, role=Role.COORDINATOR).values("institution")
    mine = Exists(reporters().filter(institution__in=own))
    if active(study).filter(user=user, role=Role.RESEARCHER).exists():
        return reports.filter(Q(mine) | ~Exists(_looked_after(study)))
    return reports.filter(mine)


def elsewhere(user: User, study: Study) -> QuerySet[SnippetReport]:
    """The study's reports that others decide. Their number may be said to a researcher, nothing else of them."""
    return SnippetReport.objects.filter(study=study).exclude(pk__in=reports_for(user, study).values("pk"))


def reporters() -> QuerySet[Membership]:
    """Memberships of the person who reported, in the report's study; to be used inside a query on reports."""
    return Membership.objects.filter(study=OuterRef("study"), user=OuterRef("reported_by"), institution__isnull=False)


def _looked_after(study: Study) -> QuerySet[Membership]:
    """Those of the reporter's memberships whose institution has a coordinator who may sign in."""
    coordinators = active(study).filter(role=Role.COORDINATOR)
    return reporters().filter(institution__in=coordinators.values("institution"))


def check_decider(user: User, report: SnippetReport) -> None:
    """Raises NotYours if somebody else decides it."""
    if not active(report.study).filter(user=user).exists():
        raise NotYours(STRANGER)
    if not reports_for(user, report.study).filter(pk=report.pk).exists():
        raise NotYours(NONE_SUCH)


def check_reason(reason: str) -> str:
    """The reason without space around it. Raises Refused if there is none, or if it is too long to be one."""
    reason = reason.strip()
    if not reason:
        raise Refused("Say in a few words why you decide so, without repeating what would identify the person.")
    if len(reason) > LONGEST_REASON:
        raise Refused(f"The reason is {len(reason):,} characters long; {LONGEST_REASON:,} are enough.")
    return reason
