"""The case page shows what rationales point at: framed in the snippet, quoted beside the rationale, none hidden."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.cases import open_case
from annotation.actions.claiming import claim
from annotation.actions.rating import submit_rating
from annotation.actions.reporting import report_snippet
from annotation.actions.rounds import close_round
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import Fit, LatentState
from annotation.models import Case, SampledLatent, Snippet, User
from annotation.queries.case_sheet import CaseSheet, case_sheet
from annotation.rules.evidence import Marks, Word
from annotation.rules.membership import roles_of
from tests import case_world
from tests.case_world import decide
from tests.world import LATENTS, NOW, World, complete_form, rate_next

SignIn = Callable[[User], Client]


@pytest.fixture
def case(world: World) -> Case:
    """Ada points at the first two strongest snippets of a latent and says of one that it does not fit."""
    slot = claim(study=world.study, by=world.ada, now=NOW)
    assert slot is not None
    first, second, third = strongest(slot.latent.latent_id)
    marks = Marks(
        evidence=(Word(snippet=first.pk, start=0, end=4), Word(snippet=second.pk, start=5, end=12)),
        fits={first.pk: Fit.FITS, third.pk: Fit.DOES_NOT_FIT},
    )
    ticket = read_ticket(write_ticket(slot), by=world.ada)
    submit_rating(ticket=ticket, raw=complete_form(world.study), marks=marks, active_seconds=9.0, by=world.ada, now=NOW)
    while rate_next(world.study, world.ben, concept="unstable angina"):
        pass
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    slot.latent.state = LatentState.PERSISTENT
    slot.latent.save()
    return open_case(latent=slot.latent, why="Opinion is divided.", now=NOW)


def strongest(latent: int) -> list[Snippet]:
    return list(Snippet.objects.filter(latent=latent, kind="top").order_by("rank")[:3])


def sheet(world: World, case: Case) -> CaseSheet:
    return case_sheet(study=world.study, pk=case.pk, user=world.cora, roles=roles_of(world.cora, world.study))


def page(world: World, case: Case, signed_in: SignIn) -> str:
    html: Any = signed_in(world.cora).get(reverse("case", args=["hearts", case.pk])).content
    return str(html.decode())


def test_words_are_framed_in_the_snippet_and_quoted_beside_the_rationale(
    world: World, case: Case, signed_in: SignIn
) -> None:
    found = sheet(world, case)
    (ada,) = [quoted for quoted in found.opinions if quoted.quotes]
    assert [quote.words for quote in ada.quotes] == ["Note", text_of(case, 1)[5:12]]
    assert {quote.where.split()[0] for quote in ada.quotes} == {"Strongest"}
    pointed = {one.shown.pk: one for group in found.groups for one in group.snippets if one.pointers}
    assert {pk: [(p.letter, p.words) for p in one.pointers] for pk, one in pointed.items()} == {
        quote.snippet: [(ada.opinion.letter, quote.words)] for quote in ada.quotes
    }
    html = page(world, case, signed_in)
    letter = f'<sup class="pointed-by" aria-hidden="true">{ada.opinion.letter}</sup>'
    assert f'<span class="pointed">Note</span>{letter}' in html
    assert f"{ada.opinion.letter} <q>Note</q>" in html
    assert f"Does not fit: {ada.opinion.letter}." in html


def text_of(case: Case, rank: int) -> str:
    snippet = strongest(case.latent.latent_id)[rank]
    return snippet.document.text[snippet.start : snippet.end]


def test_a_hidden_snippet_is_not_quoted(world: World, case: Case, signed_in: SignIn) -> None:
    hidden = strongest(case.latent.latent_id)[1]
    report_snippet(study=world.study, snippet=hidden, by=world.ada, now=NOW)
    (ada,) = [quoted for quoted in sheet(world, case).opinions if quoted.quotes]
    assert [quote.words for quote in ada.quotes] == ["Note"]
    assert ada.closed == 1
    assert "1 place in snippets that are not shown any more." in page(world, case, signed_in)


def test_latents_alike_that_are_decided_stand_beside_with_their_decision(world: World, signed_in: SignIn) -> None:
    case_world.rated(world)
    here, near, far = alike(world)
    case = case_world.persistent(here)
    assert "No latent that resembles this one has been decided yet." in page(world, case, signed_in)
    for latent in (near, far):
        decide(case_world.persistent(latent), world.cora, concept="heart failure")
    (found,) = sheet(world, case).look_alikes
    assert (found.case, found.concept) == (near.cases.get().pk, "heart failure")
    assert found.cosine == {1: 0.9, 2: 0.65}[(near.latent.index - here.latent.index) % LATENTS]
    html = page(world, case, signed_in)
    assert reverse("case", args=["hearts", near.cases.get().pk]) in html
    assert f"cosine {found.cosine:.2f}" in html


def test_a_decided_latent_with_a_concept_proposed_here_is_alike(world: World) -> None:
    case_world.rated(world)
    here, _, far = alike(world)
    case = case_world.persistent(here)
    decide(case_world.persistent(far), world.cora, concept="Unstable Angina")
    (found,) = sheet(world, case).look_alikes
    assert (found.case, found.cosine, found.shares.lower()) == (far.cases.get().pk, None, "unstable angina")


def alike(world: World) -> tuple[SampledLatent, SampledLatent, SampledLatent]:
    """A sampled latent, one that is among its nearest (the next two of the run), and one that is not."""
    sample = {one.latent.index: one for one in world.study.sample.select_related("latent")}
    near = [(one, (one + step) % LATENTS) for one in sample for step in (1, 2) if (one + step) % LATENTS in sample]
    here, neighbour = near[0]
    far = next(one for one in sample if one != here and (one - here) % LATENTS not in (1, 2))
    return sample[here], sample[neighbour], sample[far]
