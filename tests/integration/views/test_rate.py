"""The rating page: what a physician sees, what she never sees, and that nothing she typed is lost."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.actions.claiming import claim
from annotation.actions.people import add_member
from annotation.actions.rounds import close_round
from annotation.actions.tickets import write_ticket
from annotation.enums import Role, SlotState, SnippetKind
from annotation.models import Concept, Draft, Rating, Slot, Snippet, Study, User
from tests.html import without_tokens
from tests.world import World, add_rater, complete_form, rate_next

SignIn = Callable[[User], Client]


def page(world: World) -> str:
    return reverse("rate", args=[world.study.slug])


def held(user: User) -> Slot:
    return Slot.objects.get(rater=user, state=SlotState.LEASED)


def form(world: World, user: User, **changes: Any) -> dict[str, Any]:
    """What the browser sends for the latent that the rater holds."""
    return complete_form(world.study, **changes) | {"ticket": write_ticket(held(user)), "active_seconds": "41"}


def shown(response: Any) -> str:
    return str(response.content.decode())


def test_a_rater_is_handed_a_latent_with_its_three_groups_of_snippets(world: World, signed_in: SignIn) -> None:
    html = shown(signed_in(world.ada).get(page(world)))
    assert "Strongest" in html
    assert "Mid-range" in html
    assert "Look-alikes that should not fire" in html
    assert "1 of 6" in html
    assert held(world.ada).round.study == world.study


def test_snippets_are_words_of_the_notes_and_held_out_ones_are_never_among_them(
    world: World, signed_in: SignIn
) -> None:
    response = signed_in(world.ada).get(page(world))
    latent = held(world.ada).latent.latent
    pks = [snippet.pk for group in response.context["sheet"].groups for snippet in group.snippets]
    kinds = list(Snippet.objects.filter(pk__in=pks).values_list("kind", flat=True))
    assert kinds.count(SnippetKind.TOP) == 8
    assert kinds.count(SnippetKind.FOIL_HARD) + kinds.count(SnippetKind.FOIL_RANDOM) == 4
    assert not {kind for kind in kinds if kind.startswith("held-out")}
    for group in response.context["sheet"].groups:
        for snippet in group.snippets:
            stored = Snippet.objects.select_related("document").get(pk=snippet.pk)
            assert stored.latent == latent
            assert snippet.text == stored.document.text[stored.start : stored.end]


def test_two_raters_see_the_same_snippets_in_the_same_order(world: World, signed_in: SignIn) -> None:
    hers = signed_in(world.ada).get(page(world))
    ben = signed_in(world.ben)
    his = ben.get(page(world))
    while held(world.ben).latent_id != held(world.ada).latent_id:
        rate_next(world.study, world.ben, now=timezone.now())
        his = ben.get(page(world))
    assert his.context["sheet"].groups == hers.context["sheet"].groups


def test_the_page_names_neither_the_latent_nor_the_model(world: World, signed_in: SignIn) -> None:
    html = shown(signed_in(world.ada).get(page(world)))
    latent = held(world.ada).latent.latent
    for secret in (latent.identity, "Small SAE", "Small model", "model.layers.1", f"latent {latent.index}", "density"):
        assert secret not in without_tokens(html)


def test_asking_again_gives_the_same_latent(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    first = held(world.ada)
    ada.get(page(world))
    assert held(world.ada) == first


def test_a_complete_rating_is_stored_and_the_next_latent_comes(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    first = held(world.ada).latent_id
    response = ada.post(page(world), form(world, world.ada))
    assert (response.status_code, response["Location"]) == (303, page(world))
    rating = Rating.objects.get(rater=world.ada)
    assert (rating.latent_id, rating.concept.name, rating.active_seconds) == (first, "chest pain", 41.0)  # type: ignore[union-attr]
    html = shown(ada.get(page(world)))
    assert re.search(r"Saved \d\d:\d\d\. Next latent\.", html)
    assert "2 of 6" in html
    assert held(world.ada).latent_id != first


@pytest.mark.parametrize("outcome", ["cannot-tell", "not-clinical"])
def test_saying_that_one_cannot_tell_is_a_full_answer(world: World, signed_in: SignIn, outcome: str) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    response = ada.post(page(world), {"ticket": write_ticket(held(world.ada)), "outcome": outcome, "concept": "half"})
    assert response.status_code == 303
    rating = Rating.objects.get(rater=world.ada)
    assert (rating.outcome, rating.concept, rating.answers) == (outcome, None, {})


def test_a_rating_without_a_rationale_is_told_so_and_keeps_every_word(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    sent = form(world, world.ada, rationale="  ", concept="unstable angina", flags=["artefact"], coherence=2)
    response = ada.post(page(world), sent)
    html = shown(response)
    assert response.status_code == 422
    assert not Rating.objects.exists()
    assert 'id="error-rationale"' in html
    assert "the rationale is missing" in html
    assert 'value="unstable angina"' in html
    assert re.search(r'name="coherence" value="2"[^>]* checked', html)
    assert re.search(r'name="flags" value="artefact"[^>]* checked', html)
    assert sent["ticket"] in html


def test_every_problem_is_told_at_its_own_field(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    html = shown(ada.post(page(world), {"ticket": write_ticket(held(world.ada)), "outcome": "answered"}))
    for name in ("concept", "category", "coherence", "specificity", "confidence", "rationale"):
        assert f'id="error-{name}"' in html
    assert 'id="error-flags"' not in html


def test_an_incomplete_form_is_also_kept_as_a_draft(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    ada.post(page(world), form(world, world.ada, rationale="", concept="unstable angina"))
    assert Draft.objects.get(rater=world.ada).answers["concept"] == "unstable angina"
    assert 'value="unstable angina"' in shown(ada.get(page(world)))


def test_a_draft_comes_back_as_it_was(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    slot = held(world.ada)
    answers = {
        "concept": "troponin",
        "category": "measurement",
        "flags": ["artefact"],
        "rationale": "All <b>troponin</b>",
    }
    Draft.objects.create(
        round=slot.round, latent=slot.latent, rater=world.ada, answers=answers, saved_at=timezone.now()
    )
    html = shown(ada.get(page(world)))
    assert 'value="troponin"' in html
    assert re.search(r'name="category" value="measurement"[^>]* checked', html)
    assert "All &lt;b&gt;troponin&lt;/b&gt;" in html
    assert 'data-state="saved"' in html


def test_a_rater_is_offered_the_frozen_list_and_her_own_terms_and_nobody_elses(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ben, concept="bens secret term")
    rate_next(world.study, world.ada, concept="adas own term")
    Concept.objects.create(study=world.study, name="added later", created_at=timezone.now())
    response = signed_in(world.ada).get(page(world))
    offered = {term.value for term in response.context["sheet"].suggestions}
    assert offered == {"chest pain", "troponin", "negation", "family history", "adas own term"}
    assert "bens secret term" not in shown(response)


def test_a_form_sent_twice_stores_one_rating(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    sent = form(world, world.ada)
    assert [ada.post(page(world), sent).status_code for _ in range(2)] == [303, 303]
    assert Rating.objects.count() == 1


def test_a_second_window_is_told_and_shows_what_was_written(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    slot = held(world.ada)
    other_window = form(world, world.ada, rationale="Written in the second window.")
    Slot.objects.filter(pk=slot.pk).update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    Slot.objects.filter(pk=slot.pk).update(state="open", rater=None, lease_token=None, lease_expires_at=None)
    again = claim(study=world.study, by=world.ada, now=timezone.now())
    assert again is not None
    assert ada.post(page(world), form(world, world.ada)).status_code == 303
    response = ada.post(page(world), other_window)
    assert response.status_code == 409
    assert "You have rated this latent already" in shown(response)
    assert "Written in the second window." in shown(response)


def test_a_late_rating_whose_place_is_gone_is_kept_and_told(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    slot, late = held(world.ada), form(world, world.ada)
    eva = add_rater(world, "eva", world.north)
    Slot.objects.filter(pk=slot.pk).update(rater=eva)
    response = ada.post(page(world), late, follow=True)
    assert Rating.objects.get(rater=world.ada).slot is None
    assert "The time reserved for that latent had run out" in shown(response)
    assert "counts like any other" in shown(response)


@pytest.mark.parametrize("ticket", ["", "nonsense", "a:b:c"])
def test_a_form_with_a_broken_ticket_is_refused_with_a_sentence_and_gives_the_words_back(
    world: World, signed_in: SignIn, ticket: str
) -> None:
    response = signed_in(world.ada).post(page(world), {"ticket": ticket, "rationale": "Do not lose me."})
    assert response.status_code == 409
    assert "This form does not come from this site as it is now" in shown(response)
    assert "Do not lose me." in shown(response)


def test_a_form_opened_by_someone_else_is_refused(world: World, signed_in: SignIn) -> None:
    signed_in(world.ada).get(page(world))
    response = signed_in(world.ben).post(page(world), form(world, world.ada))
    assert response.status_code == 409
    assert not Rating.objects.exists()


def test_a_form_of_another_study_is_refused(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    other = Study.objects.get(pk=world.study.pk)
    other.pk, other.slug, other._state.adding = None, "lungs", True
    other.save()
    add_member(study=other, user=world.ada, role=Role.ANNOTATOR, institution=world.north, by=None, now=timezone.now())
    response = ada.post(reverse("rate", args=["lungs"]), form(world, world.ada, rationale="Keep this."))
    assert response.status_code == 409
    assert "This form belongs to another study" in shown(response)
    assert "Keep this." in shown(response)
    assert not Rating.objects.exists()


def test_a_rating_after_the_round_closed_gives_the_words_back(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    late = form(world, world.ada, rationale="Five minutes too late.")
    close_round(round_=held(world.ada).round, by=world.rosa, now=timezone.now())
    response = ada.post(page(world), late)
    assert response.status_code == 409
    assert "This round is closed" in shown(response)
    assert "Five minutes too late." in shown(response)


@pytest.mark.parametrize("name", ["cora", "rosa", "nora"])
def test_members_who_do_not_rate_are_told_so(world: World, signed_in: SignIn, name: str) -> None:
    response = signed_in(getattr(world, name)).get(page(world))
    assert response.status_code == 403
    assert "This needs the role of annotator" in shown(response)


def test_a_stranger_finds_nothing(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.sven).get(page(world)).status_code == 404
    assert Client().get(page(world)).status_code == 302


def test_before_the_round_opens_the_page_says_what_comes(before_round: World, signed_in: SignIn) -> None:
    html = shown(signed_in(before_round.ada).get(page(before_round)))
    assert "The round has not opened yet" in html


def test_after_the_last_latent_the_page_says_what_is_next(world: World, signed_in: SignIn) -> None:
    while rate_next(world.study, world.ada):
        pass
    html = shown(signed_in(world.ada).get(page(world)))
    assert "You are through" in html
    assert "You have rated 6 latents" in html


def test_places_that_colleagues_hold_are_announced_as_possibly_coming_back(world: World, signed_in: SignIn) -> None:
    for slot in Slot.objects.filter(institution=world.north):
        Slot.objects.filter(pk=slot.pk).update(
            state=SlotState.LEASED,
            rater=add_rater(world, f"eva{slot.pk}", world.north),
            lease_token=uuid.uuid4(),
            lease_expires_at=timezone.now() + timedelta(minutes=20),
        )
    html = shown(signed_in(world.ada).get(page(world)))
    assert "The last ones are with colleagues" in html


@pytest.mark.parametrize("seconds", ["nan", "-3", "1e99", "soon", ""])
def test_nonsense_for_the_time_on_task_is_no_time(world: World, signed_in: SignIn, seconds: str) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    assert ada.post(page(world), form(world, world.ada) | {"active_seconds": seconds}).status_code == 303
    assert Rating.objects.get().active_seconds is None


def test_nul_and_markup_in_the_text_are_only_text(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    sent = form(world, world.ada, rationale="a\x00<script>alert(1)</script>", concept="")
    response = ada.post(page(world), sent)
    assert response.status_code == 422
    assert "<script>alert(1)" not in shown(response)


def test_the_page_takes_the_same_number_of_statements_for_few_and_for_many_snippets(
    world: World, signed_in: SignIn, django_assert_max_num_queries: Any, django_assert_num_queries: Any
) -> None:
    ada = signed_in(world.ada)
    ada.get(page(world))
    with django_assert_max_num_queries(24) as many:
        ada.get(page(world))
    latent = held(world.ada).latent
    thin = thin_copy(latent.latent)
    type(latent).objects.filter(pk=latent.pk).update(latent=thin)
    with django_assert_num_queries(len(many)):
        response = ada.get(page(world))
    assert sum(len(group.snippets) for group in response.context["sheet"].groups) == 5


def thin_copy(latent: Any) -> Any:
    """A latent of the same run with only five snippets, of each group at least one."""
    few = ((SnippetKind.TOP, "rank", 3), (SnippetKind.DECILE, "-rank", 1), (SnippetKind.FOIL_HARD, "rank", 1))
    snippets = [
        snippet
        for kind, order, number in few
        for snippet in Snippet.objects.filter(latent=latent, kind=kind).order_by(order)[:number]
    ]
    latent.pk, latent.index, latent._state.adding = None, 999, True
    latent.save()
    for snippet in snippets:
        snippet.pk, snippet.latent, snippet._state.adding = None, latent, True
    Snippet.objects.bulk_create(snippets)
    return latent
