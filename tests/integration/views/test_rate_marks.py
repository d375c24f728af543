"""Evidence, what fits, and a second meaning: from the rating form to the rating, and back from the draft."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.actions.drafting import save_draft
from annotation.actions.reporting import report_snippet
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import RoundKind, SlotState, SnippetKind
from annotation.models import Rating, Round, Slot, Snippet, User
from annotation.queries.shown_snippets import one_line_end, shown_lengths, snippet_groups
from tests.world import NOW, World, complete_form, rate_next

SignIn = Callable[[User], Client]


def page(world: World) -> str:
    return reverse("rate", args=[world.study.slug])


def held(user: User) -> Slot:
    return Slot.objects.get(rater=user, state=SlotState.LEASED)


def shown_to(user: User) -> list[Any]:
    return [snippet for group in snippet_groups(held(user).latent.latent_id) for snippet in group.snippets]


def send(world: World, client: Client, user: User, **changes: Any) -> Any:
    form = complete_form(world.study) | {"ticket": write_ticket(held(user)), "active_seconds": "41"} | changes
    return client.post(page(world), form)


@pytest.fixture
def ada(world: World, signed_in: SignIn) -> Client:
    """Ada, with a latent before her."""
    client = signed_in(world.ada)
    client.get(page(world))
    return client


def test_a_rating_keeps_its_evidence_what_fits_and_the_second_meaning(world: World, ada: Client) -> None:
    one, two = shown_to(world.ada)[0].pk, shown_to(world.ada)[-1].pk
    places = [{"snippet": one, "start": 0, "end": 4}, {"snippet": two, "start": 5, "end": 9}]
    marked = {f"fit-{one}": "fits", f"fit-{two}": "does-not-fit", "second_concept": "Family history"}
    assert send(world, ada, world.ada, evidence=json.dumps(places), **marked).status_code == 303
    rating = Rating.objects.select_related("second_concept").get()
    assert rating.evidence == places
    assert rating.fits == {str(one): "fits", str(two): "does-not-fit"}
    assert rating.second_concept is not None
    assert rating.second_concept.name == "family history"


@pytest.mark.parametrize("outcome", ["cannot-tell", "not-clinical"])
def test_where_nothing_is_named_evidence_stays_and_a_second_meaning_goes(
    world: World, ada: Client, outcome: str
) -> None:
    one = shown_to(world.ada)[0].pk
    sent = {"evidence": json.dumps([{"snippet": one, "start": 0, "end": 4}]), "second_concept": "troponin"}
    assert send(world, ada, world.ada, outcome=outcome, **sent).status_code == 303
    rating = Rating.objects.get()
    assert (len(rating.evidence), rating.second_concept) == (1, None)


def test_two_meanings_that_are_one_are_told_so_and_every_mark_is_still_there(world: World, ada: Client) -> None:
    one = shown_to(world.ada)[0].pk
    places = json.dumps([{"snippet": one, "start": 0, "end": 4}])
    response = send(world, ada, world.ada, second_concept="CHEST pain", evidence=places, **{f"fit-{one}": "unsure"})
    html = response.content.decode()
    assert response.status_code == 422
    assert "Both meanings are the same" in html
    assert 'id="error-second_concept"' in html
    assert 'value="CHEST pain"' in html
    assert re.search(rf'name="fit-{one}" value="unsure" checked', html)
    assert places.replace('"', "&quot;") in html
    assert not Rating.objects.exists()


def test_too_much_evidence_is_told_where_the_rationale_is(world: World, ada: Client) -> None:
    one = shown_to(world.ada)[0].pk
    places = [{"snippet": one, "start": start, "end": start + 1} for start in range(21)]
    response = send(world, ada, world.ada, evidence=json.dumps(places))
    assert response.status_code == 422
    assert 'id="error-evidence"' in response.content.decode()


def test_marks_on_a_held_out_snippet_or_behind_the_text_are_refused_and_the_words_given_back(
    world: World, ada: Client
) -> None:
    latent = held(world.ada).latent.latent
    held_out = Snippet.objects.filter(latent=latent, kind=SnippetKind.HELD_OUT)[0]
    one = shown_to(world.ada)[0]
    for snippet, end in ((held_out.pk, 4), (one.pk, 100_000)):
        places = json.dumps([{"snippet": snippet, "start": 0, "end": end}])
        response = send(world, ada, world.ada, evidence=places, rationale="Do not lose me.")
        assert response.status_code == 409
        assert "do not belong to the snippets of this latent" in response.content.decode()
        assert "Do not lose me." in response.content.decode()
    assert not Rating.objects.exists()


def test_a_snippet_that_was_hidden_meanwhile_does_not_cost_the_rating(world: World, ada: Client) -> None:
    one = shown_to(world.ada)[0].pk
    report_snippet(study=world.study, snippet=Snippet.objects.get(pk=one), by=world.ben, now=timezone.now())
    assert send(world, ada, world.ada, **{f"fit-{one}": "fits"}).status_code == 303
    assert Rating.objects.get().fits == {str(one): "fits"}


def test_a_hidden_snippet_is_not_on_the_page(world: World, ada: Client) -> None:
    one = shown_to(world.ada)[0]
    report_snippet(study=world.study, snippet=Snippet.objects.get(pk=one.pk), by=world.ben, now=timezone.now())
    html = ada.get(page(world)).content.decode()
    assert f'data-snippet="{one.pk}"' not in html
    assert one.text not in html


def test_a_draft_gives_marks_back(world: World, ada: Client) -> None:
    slot, one = held(world.ada), shown_to(world.ada)[0].pk
    places = json.dumps([{"snippet": one, "start": 0, "end": 4}])
    answers = {"evidence": places, f"fit-{one}": "does-not-fit", "second_concept": "mother"}
    save_draft(ticket=read_ticket(write_ticket(slot), by=world.ada), answers=answers, by=world.ada, now=timezone.now())
    html = ada.get(page(world)).content.decode()
    assert places.replace('"', "&quot;") in html
    assert re.search(rf'name="fit-{one}" value="does-not-fit" checked', html)
    assert re.search(r"<details[^>]*rate-second[^>]* open>", html)


def test_lengths_are_those_of_the_shown_text_and_other_latents_have_none(world: World, ada: Client) -> None:
    slot, snippets = held(world.ada), shown_to(world.ada)
    assert shown_lengths(slot.latent_id, [snippet.pk for snippet in snippets]).keys() == {s.pk for s in snippets}
    for snippet in snippets:
        assert shown_lengths(slot.latent_id, [snippet.pk])[snippet.pk] >= len(snippet.text)
    others = Snippet.objects.exclude(latent=slot.latent.latent)[:5]
    assert shown_lengths(slot.latent_id, [snippet.pk for snippet in others]) == {}


def test_carriage_returns_do_not_shift_what_a_browser_counts() -> None:
    text = "Plan:\r\n aspirin\r\rstop\n"
    assert one_line_end(text) == "Plan: \n aspirin\n\nstop\n"
    assert len(one_line_end(text)) == len(text)


def test_each_group_says_how_many_snippets_it_has(world: World, ada: Client) -> None:
    html = ada.get(page(world)).content.decode()
    for count in ("8 snippets. Where it fires most", "4 snippets. It stays silent here"):
        assert count in html


def test_the_page_says_how_long_one_takes_by_her_own_median_else_by_the_rounds_else_by_forty_seconds(
    world: World, signed_in: SignIn
) -> None:
    ada = signed_in(world.ada)
    assert "about 40 s each" in ada.get(page(world)).content.decode()
    for seconds in (12.0, 61.0, 400.0):
        send(world, ada, world.ada, active_seconds=str(seconds))
        ada.get(page(world))
    cache.clear()  # Two minutes later: the pace is remembered for so long.
    assert "about 60 s each" in ada.get(page(world)).content.decode()
    assert "about 60 s each" in signed_in(world.ben).get(page(world)).content.decode()


def test_a_long_pace_is_said_in_minutes(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    send(world, ada, world.ada, active_seconds="290")
    cache.clear()
    assert "about 5 min each" in ada.get(page(world)).content.decode()


def test_what_is_asked_once_more_stands_in_another_fixed_order_within_each_group(world: World, ada: Client) -> None:
    latent = held(world.ada).latent.latent_id
    first, again = snippet_groups(latent), snippet_groups(latent, mixed_for=77)
    assert again == snippet_groups(latent, mixed_for=77)
    assert again != snippet_groups(latent, mixed_for=78)
    assert [group.title for group in again] == [group.title for group in first]
    for one, other in zip(first, again, strict=True):
        assert {snippet.pk for snippet in one.snippets} == {snippet.pk for snippet in other.snippets}
    assert [[s.pk for s in group.snippets] for group in again] != [[s.pk for s in group.snippets] for group in first]


def test_a_retest_looks_like_the_round_that_it_repeats(world: World, ada: Client, signed_in: SignIn) -> None:
    first = ada.get(page(world))
    rate_next(world.study, world.ada, now=timezone.now())
    original = world.study.rounds.get(number=1)
    retest = Round.objects.create(
        study=world.study,
        number=original.number,
        kind=RoundKind.RETEST,
        state="open",
        rubric=original.rubric,
        opened_at=NOW,
        repeats=original,
    )
    latent = Rating.objects.get(rater=world.ada).latent
    token = Rating.objects.get(rater=world.ada).submit_token
    Slot.objects.filter(rater=world.ada, state=SlotState.LEASED).delete()
    Slot.objects.create(
        round=retest,
        latent=latent,
        number=1,
        reserved_for=world.ada,
        state=SlotState.LEASED,
        rater=world.ada,
        lease_token=token,
        lease_expires_at=timezone.now() + timedelta(minutes=20),
    )
    again = ada.get(page(world))
    html = again.content.decode()
    assert again.context["sheet"].round == retest
    assert "Hearts, round 1" in html
    for secret in ("retest", "Retest", "round 9", "once more", "repeats"):
        assert secret not in re.sub(r"<(script|link)[^>]*>", "", html), secret
    assert [g.name for g in again.context["sheet"].groups] == [g.name for g in first.context["sheet"].groups]
    orders = [[[s.pk for s in group.snippets] for group in r.context["sheet"].groups] for r in (first, again)]
    assert orders[0] != orders[1]
