"""The wider context of a snippet: for the rater who has it before her, and for nobody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.actions.claiming import claim
from annotation.actions.drafting import save_draft
from annotation.actions.reporting import report_snippet
from annotation.actions.rounds import close_round
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import SHOWN_TO_RATERS, SlotState, SnippetKind
from annotation.models import Slot, Snippet, User
from annotation.queries.shown_snippets import snippet_groups
from tests.world import World, rate_next

SignIn = Callable[[User], Client]
PART = {"HX-Request": "true"}


def held(world: World, user: User) -> Slot:
    slot = claim(study=world.study, by=user, now=timezone.now())
    assert slot is not None
    return slot


def one_of(slot: Slot) -> Snippet:
    """A snippet of the page with more of the note around it."""
    shown = [snippet.pk for group in snippet_groups(slot.latent.latent_id) for snippet in group.snippets]
    found = Snippet.objects.select_related("document").filter(pk__in=shown, context_start__isnull=False)
    return found.order_by("pk")[0]


def in_the_context_of(snippet: Snippet) -> Snippet:
    """Another snippet, that lies in the wider context of this one without touching it."""
    assert snippet.context_start is not None
    assert snippet.context_end is not None
    behind = (snippet.end, snippet.context_end) if snippet.end < snippet.context_end else None
    start, end = behind or (snippet.context_start, snippet.start)
    return Snippet.objects.create(
        latent=snippet.latent, document=snippet.document, kind=SnippetKind.TOP, rank=99, start=start, end=end,
        peak=0.1, tokens=[],
    )  # fmt: skip


def look(world: World, client: Client, snippet: Snippet, **headers: Any) -> Any:
    return client.get(reverse("rate_context", args=[world.study.slug, snippet.pk]), headers=headers or None)


def test_she_reads_what_stands_around_a_snippet_and_no_more_of_the_note(world: World, signed_in: SignIn) -> None:
    snippet = one_of(held(world, world.ada))
    response = look(world, signed_in(world.ada), snippet, **PART)
    note = snippet.document.text
    assert snippet.context_start is not None
    around = response.context["context"]
    assert around.before == note[snippet.context_start : snippet.start].strip("\n")
    assert around.text == note[snippet.start : snippet.end]
    assert around.after == note[snippet.end : snippet.context_end].strip("\n")
    assert "<html" not in response.content.decode()
    for line in note[: snippet.context_start].splitlines():
        assert line not in response.content.decode()


def test_without_javascript_it_is_a_page_with_the_way_back(world: World, signed_in: SignIn) -> None:
    snippet = one_of(held(world, world.ada))
    html = look(world, signed_in(world.ada), snippet).content.decode()
    assert "<html" in html
    assert reverse("rate", args=[world.study.slug]) in html
    assert "Back to the latent" in html


def test_the_page_links_to_it_where_there_is_one(world: World, signed_in: SignIn) -> None:
    snippet = one_of(held(world, world.ada))
    html = signed_in(world.ada).get(reverse("rate", args=[world.study.slug])).content.decode()
    assert reverse("rate_context", args=[world.study.slug, snippet.pk]) in html
    assert "data-context-before" not in html


def test_a_snippet_of_a_latent_that_she_was_never_handed_is_not_found(world: World, signed_in: SignIn) -> None:
    latent = held(world, world.ada).latent.latent
    other = Snippet.objects.exclude(latent=latent).filter(kind__in=SHOWN_TO_RATERS)[0]
    assert look(world, signed_in(world.ada), other, **PART).status_code == 404


def test_held_out_snippets_of_her_own_latent_are_not_found(world: World, signed_in: SignIn) -> None:
    latent = held(world, world.ada).latent.latent
    for kind in (SnippetKind.HELD_OUT, SnippetKind.HELD_OUT_HARD, SnippetKind.HELD_OUT_RANDOM):
        for snippet in Snippet.objects.filter(latent=latent, kind=kind):
            assert look(world, signed_in(world.ada), snippet, **PART).status_code == 404


def test_a_colleague_and_a_stranger_find_nothing(world: World, signed_in: SignIn) -> None:
    snippet = one_of(held(world, world.ada))
    for name in ("ben", "sven"):
        assert look(world, signed_in(getattr(world, name)), snippet).status_code == 404
    assert look(world, signed_in(world.rosa), snippet).status_code == 403
    assert look(world, Client(), snippet).status_code == 302


def test_after_rating_it_stays_open_until_the_round_closes(world: World, signed_in: SignIn) -> None:
    snippet = one_of(held(world, world.ada))
    rating = rate_next(world.study, world.ada, now=timezone.now())
    assert rating is not None
    ada = signed_in(world.ada)
    assert look(world, ada, snippet).status_code == 200
    close_round(round_=rating.round, by=world.rosa, now=timezone.now())
    assert look(world, ada, snippet).status_code == 404


def test_a_lease_that_ran_out_does_not_close_it_while_her_draft_is_there(world: World, signed_in: SignIn) -> None:
    slot = held(world, world.ada)
    snippet, ticket = one_of(slot), read_ticket(write_ticket(slot), by=world.ada)
    save_draft(ticket=ticket, answers={"concept": "pain"}, by=world.ada, now=timezone.now())
    Slot.objects.filter(pk=slot.pk).update(state=SlotState.OPEN, rater=None, lease_token=None, lease_expires_at=None)
    assert look(world, signed_in(world.ada), snippet).status_code == 200


@pytest.mark.parametrize("part", [True, False], ids=["within the page", "as a page"])
def test_context_that_touches_a_reported_stretch_is_closed_with_the_reason(
    world: World, signed_in: SignIn, part: bool
) -> None:
    snippet = one_of(held(world, world.ada))
    reported = in_the_context_of(snippet)
    report_snippet(study=world.study, snippet=reported, by=world.ben, now=timezone.now())
    response = look(world, signed_in(world.ada), snippet, **(PART if part else {}))
    assert response.status_code == (409 if part else 403)
    assert "somebody reported that a part of it shows a person" in response.content.decode()
    html = signed_in(world.ada).get(reverse("rate", args=[world.study.slug])).content.decode()
    assert reverse("rate_context", args=[world.study.slug, snippet.pk]) not in html


def test_a_reported_snippet_itself_is_not_found(world: World, signed_in: SignIn) -> None:
    snippet = one_of(held(world, world.ada))
    report_snippet(study=world.study, snippet=snippet, by=world.ben, now=timezone.now() + timedelta(seconds=1))
    assert look(world, signed_in(world.ada), snippet, **PART).status_code == 404
