"""Which text is closed to everyone because somebody reported that it may show a person."""

from django.db.models import Exists, F, OuterRef, QuerySet

from annotation.enums import ReportState
from annotation.models import Snippet, SnippetReport

CLOSED = (ReportState.OPEN, ReportState.WITHHELD)


def without_hidden(snippets: QuerySet[Snippet]) -> QuerySet[Snippet]:
    """The snippets that may be shown: put this around every query whose text leaves the database.

    A report closes its characters of the document to every study, also where another latent's snippet overlaps them.
    """
    return snippets.filter(~closed("start", "end"))


def only_hidden(snippets: QuerySet[Snippet]) -> QuerySet[Snippet]:
    """The snippets that `without_hidden` leaves out."""
    return snippets.filter(closed("start", "end"))


def closed(start: str, end: str) -> Exists:
    """Whether the characters [start, end) of a snippet's document touch a closed stretch. For `filter` and `annotate`.

    start, end: fields of Snippet. The wider context, `closed("context_start", "context_end")`, may touch a stretch
    that the snippet itself does not.
    """
    reports = SnippetReport.objects.filter(
        state__in=CLOSED,
        snippet__document=OuterRef("document"),
        snippet__start__lt=OuterRef(end),
        snippet__end__gt=OuterRef(start),
    )
    return Exists(reports)


def closed_stretches(document: int, start: int, end: int) -> list[tuple[int, int]]:
    """The closed stretches [start, end) of the document that touch these characters, in order."""
    reports = SnippetReport.objects.filter(
        state__in=CLOSED, snippet__document=document, snippet__start__lt=end, snippet__end__gt=start
    )
    return sorted(set(reports.values_list(F("snippet__start"), F("snippet__end"))))
