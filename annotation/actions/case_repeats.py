"""Lets decided cases come back to their adjudicator, unannounced, to see how steady she is."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from annotation.actions.cases import put_beside
from annotation.enums import CaseKind, Role
from annotation.models import Case, Decision, Study
from annotation.queries.case_conflicts import conflicted_latents
from annotation.rules.case_repeats import comes_back
from annotation.rules.membership import active


def bring_back_cases(*, now: datetime) -> int:
    """For every study the cases that are due to come back. Returns how many came. Again, it brings back no more."""
    return sum(_bring_back(study, now) for study in Study.objects.filter(case_repeat_share__gt=0).order_by("pk"))


def _bring_back(study: Study, now: datetime) -> int:
    due = [decision for decision in _rested(study, now) if comes_back(study, decision)]
    for decision in due:
        with transaction.atomic():
            if decision.case.latent_id not in conflicted_latents(decision.adjudicator, study):
                put_beside(decision=decision, kind=CaseKind.REPEAT, asks=decision.adjudicator, now=now)
    return len(due)


def _rested(study: Study, now: datetime) -> list[Decision]:
    """First looks that rested long enough and have not come back. Not those that were superseded, or that got a second
    opinion: she has thought about them again already.
    """
    asked = Case.everything.filter(beside=OuterRef("pk"))
    members = active(study).filter(role=Role.ADJUDICATOR).values("user")
    decisions = Decision.objects.filter(
        case__study=study,
        case__kind=CaseKind.FIRST,
        supersedes=None,
        superseded_by=None,
        adjudicator__in=members,
        decided_at__lte=now - timedelta(hours=study.case_repeat_gap_hours),
    )
    return list(decisions.filter(~Exists(asked)).select_related("case", "adjudicator").order_by("decided_at", "pk"))
