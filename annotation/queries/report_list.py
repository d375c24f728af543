"""Reports of snippets that may show a person, for whoever decides them: the text of those that wait, and no other."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest, Length, Substr

from annotation.enums import ReportState
from annotation.models import SnippetReport, Study, User
from annotation.queries.shown_snippets import place_of
from annotation.rules.reports import elsewhere, reports_for

AROUND = 400
"""Characters shown on either side where the run kept no wider context."""
LATEST = 50


@dataclass(frozen=True, kw_only=True)
class WaitingReport:
    pk: int
    reported_at: datetime
    place: str
    """Specialty, kind of note and section."""
    before: str
    text: str
    after: str
    cut_start: bool
    cut_end: bool


@dataclass(frozen=True, kw_only=True)
class DecidedReport:
    pk: int
    reported_at: datetime
    decided_at: datetime | None
    decided_by: str
    withheld: bool
    outcome: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Reports:
    waiting: tuple[WaitingReport, ...]
    """Oldest first."""
    decided: tuple[DecidedReport, ...]
    """The latest fifty, newest first."""
    elsewhere: int
    """Waiting with other institutions' coordinators; counted for a researcher only."""


def report_list(study: Study, *, user: User, directs: bool) -> Reports:
    """All that this person decides or decided of. directs: whether she is a researcher. At most four statements."""
    own = reports_for(user, study)
    done = own.exclude(state=ReportState.OPEN).select_related("decided_by").order_by("-decided_at", "-pk")
    others = elsewhere(user, study).filter(state=ReportState.OPEN).count() if directs else 0
    return Reports(
        waiting=tuple(_waiting(row) for row in _with_text(own.filter(state=ReportState.OPEN))),
        decided=tuple(_decided(row) for row in done[:LATEST]),
        elsewhere=others,
    )


def waiting_count(study: Study, *, user: User) -> int:
    """How many reports wait for this person. One statement."""
    return reports_for(user, study).filter(state=ReportState.OPEN).count()


def _with_text(reports: QuerySet[SnippetReport]) -> QuerySet[SnippetReport]:
    """Only the snippet's characters and those around it leave the database, never the whole note."""
    start, end = F("snippet__start"), F("snippet__end")
    begin = Coalesce(F("snippet__context_start"), Greatest(start - AROUND, Value(0)))
    stop = Coalesce(F("snippet__context_end"), end + AROUND)
    note = "snippet__document__text"
    return reports.annotate(
        begin=begin,
        stop=stop,
        length=Length(note),
        before=Substr(note, begin + 1, start - begin),
        text=Substr(note, start + 1, end - start),
        after=Substr(note, end + 1, stop - end),
        section=F("snippet__section"),
        specialty=F("snippet__document__specialty"),
        note_type=F("snippet__document__note_type"),
    ).order_by("reported_at", "pk")


def _waiting(row: SnippetReport) -> WaitingReport:
    extra = vars(row)
    return WaitingReport(
        pk=row.pk,
        reported_at=row.reported_at,
        place=place_of(extra["specialty"], extra["note_type"], extra["section"]),
        before=extra["before"] or "",
        text=extra["text"],
        after=extra["after"] or "",
        cut_start=extra["begin"] > 0,
        cut_end=extra["stop"] < extra["length"],
    )


def _decided(row: SnippetReport) -> DecidedReport:
    return DecidedReport(
        pk=row.pk,
        reported_at=row.reported_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by.name if row.decided_by else "",
        withheld=row.state == ReportState.WITHHELD,
        outcome=row.get_state_display(),
        reason=row.reason,
    )
