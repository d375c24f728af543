"""The decision of a case that counts: the end of its chain, which no other supersedes."""

from django.db.models import QuerySet

from annotation.enums import CaseKind
from annotation.models import Case, Decision, Study


def current_decision(case: Case) -> Decision | None:
    """One statement."""
    return Decision.objects.filter(case=case, superseded_by=None).select_related("concept", "signature").first()


def current_decisions(study: Study) -> QuerySet[Decision]:
    """One for each decided latent of the study: neither second opinions nor repeats are among them."""
    return Decision.objects.filter(case__study=study, case__kind=CaseKind.FIRST, superseded_by=None)
