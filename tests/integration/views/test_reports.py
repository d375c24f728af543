"""“This shows a person” from the rating page, and the page where a coordinator decides."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.actions.claiming import claim
from annotation.actions.drafting import save_draft
from annotation.actions.people import add_member
from annotation.actions.reporting import decide_report, report_snippet
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import SHOWN_TO_RATERS, ReportState, Role, SnippetKind
from annotation.models import Document, Draft, Slot, Snippet, SnippetReport, User
from annotation.queries.shown_snippets import ALL_HIDDEN, snippet_groups
from annotation.views.reports import HIDDEN
from tests.html import without_tokens
from tests.world import NOW, World, person, rate_next

SignIn = Callable[[User], Client]
JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def slot(world: World) -> Slot:
    """What Ada has before her."""
    held = claim(study=world.study, by=world.ada, now=timezone.now())
    assert held is not None
    return held


def strongest(slot: Slot) -> Snippet:
    return Snippet.objects.get(latent=slot.latent.latent, kind=SnippetKind.TOP, rank=0)


def text_of(snippet: Snippet) -> str:
    return Document.objects.get(pk=snippet.document_id).text[snippet.start : snippet.end]


def send(client: Client, world: World, **data: Any) -> Any:
    return client.post(reverse("report_snippet", args=[world.study.slug]), data)


def page(world: World) -> str:
    return reverse("reports", args=[world.study.slug])


def test_a_reported_snippet_is_on_nobodys_page_and_her_draft_stays(world: World, slot: Slot, signed_in: SignIn) -> None:
    snippet, ada = strongest(slot), signed_in(world.ada)
    ticket = write_ticket(slot)
    save_draft(
        ticket=read_ticket(ticket, by=world.ada), answers={"concept": "sepsis"}, by=world.ada, now=timezone.now()
    )
    answer = send(ada, world, ticket=ticket, snippet=snippet.pk)
    assert (answer.status_code, answer["Location"]) == (303, reverse("rate", args=[world.study.slug]))
    assert SnippetReport.objects.get().snippet == snippet
    assert Draft.objects.get().answers == {"concept": "sepsis"}
    html = ada.get(answer["Location"]).content.decode()
    assert "a coordinator will look" in html
    detail = signed_in(world.rosa).get(reverse("latent", args=[world.study.slug, slot.latent.latent.index]))
    assert text_of(snippet) not in without_tokens(detail.content.decode())
    assert detail.context["detail"].hidden >= 1


def test_twice_is_once(world: World, slot: Slot, signed_in: SignIn) -> None:
    ticket, ada = write_ticket(slot), signed_in(world.ada)
    for _ in range(2):
        assert send(ada, world, ticket=ticket, snippet=strongest(slot).pk).status_code == 303
    assert SnippetReport.objects.count() == 1


def test_a_script_is_answered_in_json(world: World, slot: Slot, signed_in: SignIn) -> None:
    snippet = strongest(slot)
    answer = signed_in(world.ada).post(
        reverse("report_snippet", args=[world.study.slug]),
        {"ticket": write_ticket(slot), "snippet": snippet.pk},
        **JSON,
    )
    assert answer.json() == {"snippet": snippet.pk, "message": HIDDEN}
    forged = signed_in(world.ada).post(
        reverse("report_snippet", args=[world.study.slug]), {"ticket": "forged", "snippet": snippet.pk}, **JSON
    )
    assert forged.status_code == 409
    assert "Open the page again" in forged.json()["detail"]


def test_only_what_was_shown_to_her_can_be_reported(world: World, slot: Slot, signed_in: SignIn) -> None:
    ticket, ada = write_ticket(slot), signed_in(world.ada)
    other_latent = Snippet.objects.exclude(latent=slot.latent.latent).filter(kind=SnippetKind.TOP).first()
    held_out = Snippet.objects.filter(latent=slot.latent.latent).exclude(kind__in=SHOWN_TO_RATERS).first()
    assert other_latent is not None
    assert held_out is not None
    for number in (other_latent.pk, held_out.pk, 10**6, 10**30, "x", ""):
        assert send(ada, world, ticket=ticket, snippet=number).status_code == 404
    assert send(ada, world, snippet=strongest(slot).pk).status_code == 404
    assert send(signed_in(world.sven), world, ticket=ticket, snippet=strongest(slot).pk).status_code == 404
    assert send(signed_in(world.ben), world, ticket=ticket, snippet=strongest(slot).pk).status_code == 403
    assert SnippetReport.objects.count() == 0


def test_an_adjudicator_and_a_researcher_may_report_what_their_pages_show(
    world: World, slot: Slot, signed_in: SignIn
) -> None:
    first, second = Snippet.objects.filter(latent=slot.latent.latent, kind=SnippetKind.TOP).order_by("rank")[:2]
    assert send(signed_in(world.cora), world, snippet=first.pk).status_code == 303
    assert send(signed_in(world.rosa), world, snippet=second.pk).status_code == 303
    assert SnippetReport.objects.count() == 2


def test_her_coordinator_reads_it_in_context_and_decides(world: World, slot: Slot, signed_in: SignIn) -> None:
    snippet, nora = strongest(slot), signed_in(world.nora)
    report = report_snippet(study=world.study, snippet=snippet, by=world.ada, now=NOW)
    html = nora.get(page(world)).content.decode()
    assert text_of(snippet) in html
    assert "Ada" not in html
    answer = nora.post(page(world), {"report": report.pk, "decision": "shows-person", "reason": "A surname."})
    assert answer.status_code == 303
    report.refresh_from_db()
    assert report.state == ReportState.WITHHELD
    html = nora.get(page(world)).content.decode()
    assert text_of(snippet) not in html
    assert "A person: hidden for good" in html
    assert "A surname." in html
    assert "Nothing waits for you" in html


def test_what_waits_is_said_on_the_first_page_to_who_decides_it_and_to_nobody_else(
    world: World, slot: Slot, signed_in: SignIn
) -> None:
    report_snippet(study=world.study, snippet=strongest(slot), by=world.ada, now=NOW)
    said = "1 snippet is said to show a person"
    assert said in signed_in(world.nora).get(reverse("home")).content.decode()
    for user in (world.ada, world.ben, world.cora, world.rosa):
        assert said not in signed_in(user).get(reverse("home")).content.decode()


def test_a_decision_without_a_reason_is_sent_back_with_what_was_chosen_undone(
    world: World, slot: Slot, signed_in: SignIn
) -> None:
    report = report_snippet(study=world.study, snippet=strongest(slot), by=world.ada, now=NOW)
    answer = signed_in(world.nora).post(page(world), {"report": report.pk, "decision": "no-person", "reason": " "})
    assert answer.status_code == 422
    assert "Say in a few words why" in answer.content.decode()
    report.refresh_from_db()
    assert report.state == ReportState.OPEN


@pytest.mark.parametrize("wrong", [{"report": "x"}, {"report": "9999"}, {"decision": "maybe"}, {"decision": ""}])
def test_what_is_no_report_or_no_decision_is_nowhere(
    world: World, slot: Slot, signed_in: SignIn, wrong: dict[str, str]
) -> None:
    report = report_snippet(study=world.study, snippet=strongest(slot), by=world.ada, now=NOW)
    data = {"report": report.pk, "decision": "no-person", "reason": "No."} | wrong
    assert signed_in(world.nora).post(page(world), data).status_code == 404


def test_another_coordinator_sees_no_text_and_decides_nothing(world: World, slot: Slot, signed_in: SignIn) -> None:
    sue = person("sue")
    add_member(study=world.study, user=sue, role=Role.COORDINATOR, institution=world.south, by=None, now=NOW)
    snippet = strongest(slot)
    report = report_snippet(study=world.study, snippet=snippet, by=world.ada, now=NOW)
    html = signed_in(sue).get(page(world)).content.decode()
    assert text_of(snippet) not in html
    assert "Nothing waits for you" in html
    answer = signed_in(sue).post(page(world), {"report": report.pk, "decision": "no-person", "reason": "No."})
    assert answer.status_code == 404
    decide_report(report=report, shows_person=True, reason="Her secret.", by=world.nora, now=NOW)
    assert "Her secret." not in signed_in(sue).get(page(world)).content.decode()


def test_raters_adjudicators_and_strangers_have_no_reports_page(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.ada).get(page(world)).status_code == 403
    assert signed_in(world.cora).get(page(world)).status_code == 403
    assert signed_in(world.sven).get(page(world)).status_code == 404


def test_a_latent_whose_snippets_are_all_hidden_says_so(world: World, slot: Slot, signed_in: SignIn) -> None:
    for snippet in Snippet.objects.filter(latent=slot.latent.latent, kind__in=SHOWN_TO_RATERS):
        report_snippet(study=world.study, snippet=snippet, by=world.ada, now=NOW)
    detail = signed_in(world.rosa).get(reverse("latent", args=[world.study.slug, slot.latent.latent.index]))
    assert "snippets of this latent are hidden" in detail.content.decode()
    assert signed_in(world.ada).get(reverse("rate", args=[world.study.slug])).status_code == 200


def test_a_group_whose_snippets_are_all_hidden_says_so_on_the_rating_page(
    world: World, slot: Slot, signed_in: SignIn
) -> None:
    ada = signed_in(world.ada)
    address = reverse("rate", args=[world.study.slug])
    assert ALL_HIDDEN not in ada.get(address).content.decode()
    for snippet in Snippet.objects.filter(latent=slot.latent.latent, kind=SnippetKind.TOP):
        report_snippet(study=world.study, snippet=snippet, by=world.ben, now=NOW)
    groups = snippet_groups(slot.latent.latent_id)
    assert next((group.name, bool(group.snippets)) for group in groups) == ("strongest", False)
    assert ALL_HIDDEN in ada.get(address).content.decode()


def test_the_page_costs_the_same_for_one_report_as_for_many(
    world: World, slot: Slot, signed_in: SignIn, django_assert_num_queries: Any
) -> None:
    nora = signed_in(world.nora)
    snippets = list(Snippet.objects.filter(latent=slot.latent.latent, kind__in=SHOWN_TO_RATERS))
    report_snippet(study=world.study, snippet=snippets[0], by=world.ada, now=NOW)
    decided = report_snippet(study=world.study, snippet=snippets[1], by=world.ada, now=NOW)
    decide_report(report=decided, shows_person=True, reason="A name.", by=world.nora, now=NOW)
    nora.get(page(world))
    with CaptureQueriesContext(connection) as few:
        nora.get(page(world))
    assert len(few) <= 7
    for number, snippet in enumerate(snippets[2:]):
        report = report_snippet(study=world.study, snippet=snippet, by=world.ada, now=NOW + timedelta(minutes=number))
        if number % 2:
            decide_report(report=report, shows_person=True, reason="A name.", by=world.nora, now=NOW)
    with django_assert_num_queries(len(few)):
        nora.get(page(world))


def test_a_rating_on_what_is_hidden_now_is_still_taken(world: World, slot: Slot) -> None:
    report_snippet(study=world.study, snippet=strongest(slot), by=world.ben, now=NOW)
    assert rate_next(world.study, world.ada, now=timezone.now()) is not None
