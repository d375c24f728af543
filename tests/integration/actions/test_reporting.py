"""A snippet that may show a person: hidden at once and everywhere, until a coordinator of hers has looked."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from annotation.actions.claiming import claim
from annotation.actions.people import add_member
from annotation.actions.reporting import decide_report, report_snippet
from annotation.actions.studies import create_study
from annotation.enums import AuditVerb, ReportState, Role, SnippetKind
from annotation.models import AuditEvent, Document, Membership, Snippet, SnippetReport, User
from annotation.queries.hidden_snippets import closed, closed_stretches, only_hidden, without_hidden
from annotation.queries.report_list import report_list
from annotation.rules.refusal import NotYours, Refused
from tests.world import NOW, World, person, rubric

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def snippet(world: World) -> Snippet:
    """The strongest one of the latent that Ada has before her."""
    slot = claim(study=world.study, by=world.ada, now=NOW)
    assert slot is not None
    return Snippet.objects.get(latent=slot.latent.latent, kind=SnippetKind.TOP, rank=0)


def reported(world: World, snippet: Snippet, by: User | None = None) -> SnippetReport:
    return report_snippet(study=world.study, snippet=snippet, by=by or world.ada, now=NOW)


def is_shown(snippet: Snippet) -> bool:
    return without_hidden(Snippet.objects.all()).filter(pk=snippet.pk).exists()


def test_a_report_hides_the_snippet_and_nothing_else_of_the_note(world: World, snippet: Snippet) -> None:
    touching = Snippet.objects.filter(
        document=snippet.document, start__lt=snippet.end, end__gt=snippet.start
    ).values_list("pk", flat=True)
    before = set(Snippet.objects.values_list("pk", flat=True))
    reported(world, snippet)
    after = set(without_hidden(Snippet.objects.all()).values_list("pk", flat=True))
    assert before - after == set(touching)
    assert set(only_hidden(Snippet.objects.all()).values_list("pk", flat=True)) == set(touching)
    assert len(set(touching)) < Snippet.objects.filter(document=snippet.document).count()


def test_a_snippet_that_only_meets_the_reported_one_end_to_end_stays(world: World, snippet: Snippet) -> None:
    text = Document.objects.get(pk=snippet.document_id).text
    after = Snippet.objects.create(
        latent=snippet.latent,
        document=snippet.document,
        kind="top",
        rank=90,
        start=snippet.end,
        end=len(text),
        peak=1,
        tokens=[],
    )
    over = Snippet.objects.create(
        latent=snippet.latent,
        document=snippet.document,
        kind="top",
        rank=91,
        start=snippet.end - 1,
        end=len(text),
        peak=1,
        tokens=[],
    )
    reported(world, snippet)
    assert is_shown(after)
    assert not is_shown(over)


def test_the_wider_context_closes_where_it_touches_the_reported_characters(world: World, snippet: Snippet) -> None:
    text = Document.objects.get(pk=snippet.document_id).text
    start, end = snippet.end + 1, len(text)
    near = Snippet.objects.create(
        latent=snippet.latent,
        document=snippet.document,
        kind="top",
        rank=92,
        start=start,
        end=end,
        peak=1,
        tokens=[],
        context_start=snippet.end - 3,
        context_end=end,
    )
    reported(world, snippet)
    rows = Snippet.objects.filter(pk=near.pk).annotate(context_closed=closed("context_start", "context_end"))
    assert is_shown(near)
    assert rows.get().context_closed is True  # type: ignore[attr-defined]
    assert closed_stretches(snippet.document_id, start, end) == []
    assert closed_stretches(snippet.document_id, snippet.end - 3, end) == [(snippet.start, snippet.end)]


def test_it_is_hidden_in_every_study_on_the_run(world: World, snippet: Snippet) -> None:
    other = create_study(
        slug="other", name="Other", purpose="", rubric=rubric(), run=world.study.run, concepts=[], by=world.rosa,
        now=NOW, sample_size=6, raters_per_latent=1,
    )  # fmt: skip
    assert other.pk != world.study.pk
    reported(world, snippet)
    assert not is_shown(snippet)


def test_reporting_twice_or_by_two_people_is_one_report(world: World, snippet: Snippet) -> None:
    first = reported(world, snippet)
    assert reported(world, snippet) == first
    assert reported(world, snippet, by=world.ben) == first
    assert AuditEvent.objects.filter(verb=AuditVerb.SNIPPET_REPORTED).count() == 1
    assert SnippetReport.objects.get().reported_by == world.ada


def test_a_stranger_reports_nothing_and_nobody_a_snippet_of_elsewhere(world: World, snippet: Snippet) -> None:
    with pytest.raises(NotYours):
        reported(world, snippet, by=world.sven)
    assert world.study.run is not None
    undrawn = world.study.run.latents.exclude(pk__in=world.study.sample.values("latent")).first()
    outside = Snippet.objects.create(
        latent=undrawn, document=snippet.document, kind="top", rank=0, start=0, end=5, peak=1, tokens=[]
    )
    with pytest.raises(NotYours):
        reported(world, outside)
    assert SnippetReport.objects.count() == 0


def test_her_coordinator_shows_it_again_or_hides_it_for_good(world: World, snippet: Snippet) -> None:
    report = reported(world, snippet)
    decide_report(report=report, shows_person=False, reason=" A drug, not a name. ", by=world.nora, now=LATER)
    assert is_shown(snippet)
    again = reported(world, snippet, by=world.ada)
    assert again.pk != report.pk
    decided = decide_report(report=again, shows_person=True, reason="A surname.", by=world.nora, now=LATER)
    assert (decided.state, decided.decided_by, decided.decided_at) == (ReportState.WITHHELD, world.nora, LATER)
    assert not is_shown(snippet)
    event = AuditEvent.objects.filter(verb=AuditVerb.REPORT_DECIDED).latest("number")
    assert event.detail == {"state": "withheld"}
    assert "surname" not in str(list(AuditEvent.objects.values()))


def test_nobody_decides_without_a_reason_and_nobody_undoes_a_decision(world: World, snippet: Snippet) -> None:
    report = reported(world, snippet)
    with pytest.raises(Refused, match="few words"):
        decide_report(report=report, shows_person=True, reason="  ", by=world.nora, now=LATER)
    decide_report(report=report, shows_person=True, reason="A surname.", by=world.nora, now=LATER)
    decide_report(report=report, shows_person=True, reason="A surname.", by=world.nora, now=LATER)
    with pytest.raises(Refused, match="decided already"):
        decide_report(report=report, shows_person=False, reason="No.", by=world.nora, now=LATER)
    assert AuditEvent.objects.filter(verb=AuditVerb.REPORT_DECIDED).count() == 1


def test_the_database_itself_keeps_reports_and_decisions(world: World, snippet: Snippet) -> None:
    report = reported(world, snippet)
    with pytest.raises(IntegrityError), transaction.atomic():
        report.delete()
    decide_report(report=report, shows_person=True, reason="A surname.", by=world.nora, now=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        SnippetReport.objects.update(state=ReportState.OPEN, decided_by=None, decided_at=None)


@pytest.mark.parametrize("who", ["ada", "ben", "cora", "rosa", "sven"])
def test_only_her_own_institutions_coordinator_decides(world: World, snippet: Snippet, who: str) -> None:
    report = reported(world, snippet)
    with pytest.raises(NotYours):
        decide_report(report=report, shows_person=False, reason="No.", by=getattr(world, who), now=LATER)
    assert not is_shown(snippet)


def test_another_institutions_coordinator_neither_sees_nor_decides_it(world: World, snippet: Snippet) -> None:
    sue = person("sue")
    add_member(study=world.study, user=sue, role=Role.COORDINATOR, institution=world.south, by=None, now=NOW)
    report = reported(world, snippet)
    assert report_list(world.study, user=sue, directs=False).waiting == ()
    assert len(report_list(world.study, user=world.nora, directs=False).waiting) == 1
    with pytest.raises(NotYours):
        decide_report(report=report, shows_person=False, reason="No.", by=sue, now=LATER)


def test_where_no_coordinator_is_there_the_researcher_decides(world: World, snippet: Snippet) -> None:
    report = reported(world, snippet, by=world.ben)
    seen = report_list(world.study, user=world.rosa, directs=True)
    assert [one.pk for one in seen.waiting] == [report.pk]
    assert seen.elsewhere == 0
    decide_report(report=report, shows_person=False, reason="No.", by=world.rosa, now=LATER)
    assert is_shown(snippet)


def test_a_researcher_is_told_only_how_many_wait_with_coordinators(world: World, snippet: Snippet) -> None:
    reported(world, snippet)
    seen = report_list(world.study, user=world.rosa, directs=True)
    assert (seen.waiting, seen.elsewhere) == ((), 1)


def test_when_the_only_coordinator_has_left_it_comes_to_the_researcher(world: World, snippet: Snippet) -> None:
    reported(world, snippet)
    Membership.objects.filter(user=world.nora).update(withdrawn_at=NOW)
    assert len(report_list(world.study, user=world.rosa, directs=True).waiting) == 1
    with pytest.raises(NotYours):
        decide_report(report=SnippetReport.objects.get(), shows_person=True, reason="x", by=world.nora, now=LATER)


def test_who_decides_sees_the_snippet_in_its_context_and_the_note_no_further(world: World, snippet: Snippet) -> None:
    reported(world, snippet)
    (seen,) = report_list(world.study, user=world.nora, directs=False).waiting
    text = Document.objects.get(pk=snippet.document_id).text
    assert seen.text == text[snippet.start : snippet.end]
    assert seen.before + seen.text + seen.after == text[snippet.context_start : snippet.context_end]
    assert seen.place.startswith(("Cardiology", "Surgery", "Neurology"))
