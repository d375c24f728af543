"""A snippet that may show a person is hidden from everyone at once, until a coordinator has looked."""

from datetime import datetime

from django.db import transaction

from annotation.actions import audit
from annotation.enums import AuditVerb, ReportState
from annotation.models import SampledLatent, Snippet, SnippetReport, Study, User
from annotation.queries.hidden_snippets import CLOSED
from annotation.rules.membership import check_entry
from annotation.rules.refusal import NotYours, Refused
from annotation.rules.reports import check_decider, check_reason


@transaction.atomic
def report_snippet(*, study: Study, snippet: Snippet, by: User, now: datetime) -> SnippetReport:
    """Hide the snippet, and every other one that overlaps it, in every study. Reporting it again changes nothing.

    Raises NotYours for a stranger, and for a snippet of a latent that is not in the study's sample.
    """
    check_entry(by, study)
    if not SampledLatent.everything.filter(study=study, latent=snippet.latent_id).exists():
        raise NotYours("There is no such snippet in this study.")
    # Two people may report it at the same moment: the second waits here and finds the first one's report.
    Snippet.objects.select_for_update(no_key=True).get(pk=snippet.pk)
    known = SnippetReport.objects.filter(study=study, snippet=snippet, state__in=CLOSED).order_by("pk").first()
    if known:
        return known
    report = SnippetReport.objects.create(study=study, snippet=snippet, reported_by=by, reported_at=now)
    audit.record(AuditVerb.SNIPPET_REPORTED, report, by=by, now=now, study=study, snippet=snippet.pk)
    return report


@transaction.atomic
def decide_report(*, report: SnippetReport, shows_person: bool, reason: str, by: User, now: datetime) -> SnippetReport:
    """Hide the snippet for good, or show it again. The same decision by the same person again changes nothing.

    Raises NotYours for anyone but the coordinator (or researcher) whose report it is, Refused without a reason or
    where somebody has decided otherwise.
    """
    check_decider(by, report)
    reason = check_reason(reason)
    wanted = ReportState.WITHHELD if shows_person else ReportState.SHOWN_AGAIN
    report = SnippetReport.objects.select_for_update(no_key=True).get(pk=report.pk)
    if report.state != ReportState.OPEN:
        if report.state == wanted and report.decided_by_id == by.pk:
            return report
        raise Refused("This report has been decided already. The list shows how.")
    report.state, report.decided_by, report.decided_at, report.reason = wanted, by, now, reason
    report.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    audit.record(AuditVerb.REPORT_DECIDED, report, by=by, now=now, study=report.study_id, state=wanted)
    return report
