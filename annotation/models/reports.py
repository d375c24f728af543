"""Snippets that may show a person: hidden from all, with whatever overlaps them, until a coordinator has looked."""

from django.db import models

from annotation.enums import ReportState
from annotation.models.mining import Snippet
from annotation.models.people import User
from annotation.models.studies import Study


class SnippetReport(models.Model):
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="snippet_reports")
    snippet = models.ForeignKey(Snippet, on_delete=models.PROTECT, related_name="reports")
    reported_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField()
    state = models.CharField(max_length=20, choices=ReportState.choices, default=ReportState.OPEN)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "snippet"], name="report_one_open", condition=models.Q(state=ReportState.OPEN)
            ),
            models.CheckConstraint(name="report_state_known", condition=models.Q(state__in=ReportState.values)),
            models.CheckConstraint(
                name="report_decided_by_someone",
                condition=models.Q(state=ReportState.OPEN, decided_by__isnull=True, decided_at__isnull=True)
                | (~models.Q(state=ReportState.OPEN) & models.Q(decided_by__isnull=False, decided_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"report of snippet {self.snippet_id}"
