"""What changed from one release to the next, read from the files of both."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.claiming import claim
from annotation.actions.people import add_member
from annotation.actions.rating import submit_rating
from annotation.actions.releasing import request_release, write_release
from annotation.actions.study_settings import change_study
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import Fit, Role, SnippetKind
from annotation.models import Rating, Release, Snippet, User
from annotation.rules.evidence import Marks, Word
from tests.world import NOW, World, complete_form, rate_next

SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(days=1)


def cut(world: World) -> Release:
    release = request_release(study=world.study, by=world.rosa, now=LATER)
    write_release(release_id=release.pk, now=LATER)
    release.refresh_from_db()
    return release


def shown(client: Client, number: int, query: str = "") -> str:
    html = client.get(reverse("release_changes", args=["hearts", number]) + query).content.decode()
    return " ".join(html.split())


def test_new_ratings_another_leading_concept_and_other_thresholds_are_told(world: World, signed_in: SignIn) -> None:
    first = rate_next(world.study, world.ada, concept="wheeze")
    assert first is not None
    cut(world)
    while rating := rate_next(world.study, world.ben, concept="chest pain"):
        last = rating
    assert last.latent_id
    change_study(study=world.study, settings={"accept_q": 0.95}, by=world.rosa, now=LATER)
    cut(world)
    html = shown(signed_in(world.rosa), 2)
    assert "Ratings and revisions added" in html
    assert f">Latent {first.latent.latent.index}</a>" in html
    assert "<td>none → <strong>chest pain</strong></td>" in html
    assert '<th scope="row">Accepted if q at least</th><td>0.9</td><td>0.95</td>' in html
    assert '<th scope="row">Rows of ratings</th><td>1</td><td>7</td>' in html


def test_the_same_twice_says_that_nothing_changed(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    cut(world)
    cut(world)
    html = shown(signed_in(world.rosa), 2)
    assert "No latent has another leading concept or state." in html
    assert "The same software, parameters, rubric and numbers of rows." in html


def test_any_two_can_be_compared_and_the_first_with_none(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    for _ in range(3):
        cut(world)
    rosa = signed_in(world.rosa)
    assert "Since release 2" in shown(rosa, 3)
    assert "Since release 1" in shown(rosa, 3, "?since=1")
    assert "Since release 2" in shown(rosa, 3, "?since=rubbish")
    assert rosa.get(reverse("release_changes", args=["hearts", 1])).status_code == 404
    assert rosa.get(reverse("release_changes", args=["hearts", 9])).status_code == 404


def test_only_a_researcher_whom_results_do_not_unblind_sees_it(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    cut(world)
    cut(world)
    page = reverse("release_changes", args=["hearts", 2])
    for user, status in ((world.ada, 403), (world.nora, 403), (world.cora, 403), (world.sven, 404)):
        assert signed_in(user).get(page).status_code == status
    add_member(study=world.study, user=world.rosa, role=Role.ANNOTATOR, institution=world.north, by=None, now=NOW)
    assert signed_in(world.rosa).get(page).status_code == 403


def test_evidence_and_fits_leave_as_places_and_never_as_words(world: World, signed_in: SignIn) -> None:
    slot = claim(study=world.study, by=world.ada, now=NOW)
    assert slot is not None
    snippet = Snippet.objects.filter(latent=slot.latent.latent, kind=SnippetKind.TOP).order_by("rank")[1]
    marks = Marks(evidence=(Word(snippet=snippet.pk, start=0, end=5),), fits={snippet.pk: Fit.FITS})
    ticket, raw = read_ticket(write_ticket(slot), by=world.ada), complete_form(world.study)
    submit_rating(ticket=ticket, raw=raw, marks=marks, active_seconds=40.0, by=world.ada, now=NOW)
    assert Rating.objects.get().evidence
    release = cut(world)
    client = signed_in(world.rosa)
    answer = client.get(reverse("release_file", args=["hearts", release.number, "ratings.jsonl"]))
    lines = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    answer.close()
    assert '\\"start\\": 0' in lines
    assert f'\\"rank\\": {snippet.rank}' in lines
    assert '\\"fit\\": \\"fits\\"' in lines
    assert str(snippet.document.text[snippet.start : snippet.end]) not in lines
