"""The reader's page: what it shows and hides, and what it takes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.reporting import report_snippet
from annotation.models import Draft, Reading, ReadingSlot, Snippet, User
from tests import reading_world
from tests.html import without_tokens
from tests.reading_world import ReadWorld, read_next
from tests.world import NOW, World, add_rater, pseudonym

SignIn = Callable[[User], Client]


@pytest.fixture
def asked(world: World) -> ReadWorld:
    return reading_world.asked(world)


def page(asked: ReadWorld, name: str = "read") -> str:
    return reverse(name, args=[asked.world.study.slug])


def shown(response: Any) -> str:
    return str(response.content.decode())


def judged(client: Client, asked: ReadWorld, **changes: str) -> dict[str, str]:
    """The form of her page, every snippet said to fire."""
    context = client.get(page(asked)).context
    return {one["name"]: "fires" for one in context["snippets"]} | {"ticket": context["ticket"]} | changes


def test_a_reader_sees_the_concept_the_reason_and_twenty_plain_snippets(asked: ReadWorld, signed_in: SignIn) -> None:
    eva = signed_in(asked.eva)
    html = shown(eva.get(page(asked)))
    slot = ReadingSlot.objects.select_related("rating__concept").get(state="leased")
    assert slot.rating.concept is not None
    assert slot.rating.concept.name in html
    assert html.count("Should fire") == html.count("Should not") == 20
    for mark in ("<mark", "fire-", "peak", "held-out", "decile"):
        assert mark not in html
    order = [html.index(f"snippet-{snippet}") for snippet in slot.snippets]
    assert order == sorted(order)


def test_nothing_tells_whose_rationale_it_is_or_which_latent(asked: ReadWorld, signed_in: SignIn) -> None:
    html = without_tokens(shown(signed_in(asked.eva).get(page(asked))))
    slot = ReadingSlot.objects.select_related("rating__rater", "rating__latent__latent").get(state="leased")
    rater = slot.rating.rater
    for secret in (rater.email, pseudonym(asked.world.study, rater), "North Hospital", f"latent {slot.rating.latent}"):
        assert secret not in html
    assert f"latents/{slot.rating.latent.latent.index}/" not in html


def test_a_reading_is_taken_and_the_next_rationale_comes(asked: ReadWorld, signed_in: SignIn) -> None:
    eva = signed_in(asked.eva)
    form = judged(eva, asked, active_seconds="75.5")
    response = eva.post(page(asked), form)
    assert (response.status_code, response["Location"]) == (303, page(asked))
    reading = Reading.objects.get()
    assert (reading.balanced_accuracy, reading.active_seconds) == (0.5, 75.5)
    html = shown(eva.get(page(asked)))
    assert "2 of 6" in html
    assert "Thank you." in html
    again = shown(eva.post(page(asked), form, follow=True))
    assert "You had sent this form already." in again
    assert Reading.objects.count() == 1


def test_what_lacks_a_judgement_is_told_and_kept(asked: ReadWorld, signed_in: SignIn) -> None:
    eva = signed_in(asked.eva)
    form = judged(eva, asked)
    left_out = next(name for name in form if name.startswith("snippet-"))
    del form[left_out]
    response = eva.post(page(asked), form)
    assert response.status_code == 422
    assert "Snippet 1 has no answer yet." in shown(response)
    assert shown(response).count(" checked") == 19
    assert len(Draft.objects.get().answers) == 19
    assert not Reading.objects.exists()
    assert shown(eva.get(page(asked))).count(" checked") == 19


def test_a_form_of_someone_else_or_of_nowhere_stores_nothing(asked: ReadWorld, signed_in: SignIn) -> None:
    form = judged(signed_in(asked.eva), asked)
    finn = signed_in(add_rater(asked.world, "finn", asked.world.north))
    assert "opened by someone else" in shown(finn.post(page(asked), form, follow=True))
    assert "does not come from this site" in shown(finn.post(page(asked), {"ticket": "x"}, follow=True))
    assert not Reading.objects.exists()


def test_drafts_are_kept_by_the_script(asked: ReadWorld, signed_in: SignIn) -> None:
    eva = signed_in(asked.eva)
    form = judged(eva, asked)
    url = reverse("reading_drafts")
    sent = eva.put(url, form, content_type="application/json")
    assert sent.status_code == 200
    assert sent.json()["saved_at"]
    assert len(Draft.objects.get().answers) == 20
    eva.post(page(asked), form)
    late = eva.put(url, form, content_type="application/json")
    assert (late.status_code, late.json()["detail"]) == (
        409,
        "You have read this rationale already, in another window. That reading is kept.",
    )
    assert eva.put(url, {"ticket": "x"}, content_type="application/json").status_code == 409
    assert eva.put(url, {}, content_type="application/json").status_code == 400
    assert Client().put(url, form, content_type="application/json").status_code in (401, 403)


@pytest.mark.parametrize(("name", "status"), [("ada", 200), ("cora", 403), ("rosa", 403), ("nora", 403), ("sven", 404)])
def test_only_raters_read(asked: ReadWorld, signed_in: SignIn, name: str, status: int) -> None:
    response = signed_in(getattr(asked.world, name)).get(page(asked))
    assert response.status_code == status
    if status == 200:
        assert "No rationale waits for you" in shown(response)


def test_where_nothing_is_left_to_rate_the_rating_page_offers_a_reading(asked: ReadWorld, signed_in: SignIn) -> None:
    eva = signed_in(asked.eva)
    assert page(asked) in shown(eva.get(page(asked, "rate")))
    eva.get(page(asked))
    ReadingSlot.objects.filter(state="open").delete()
    assert page(asked) in shown(eva.get(page(asked, "rate"))), "the one that she has begun"
    assert page(asked) not in shown(signed_in(asked.world.ada).get(page(asked, "rate")))


def test_the_researcher_asks_for_readings_and_closes_them_on_the_study_page(world: World, signed_in: SignIn) -> None:
    built = reading_world.build(world)
    rosa = signed_in(world.rosa)
    assert "No rationale has been asked to be read." in shown(rosa.get(page(built, "study")))
    assert "12 rationales were laid out" in shown(rosa.post(page(built, "ask_readings"), follow=True))
    assert "asked for already" in shown(rosa.post(page(built, "ask_readings"), follow=True))
    read_next(world.study, built.eva, always=True)
    html = shown(rosa.get(page(built, "study")))
    assert "1 of 12 rationales are read" in html
    assert "mean balanced accuracy 0.50" in html
    assert "No more readings are taken" in shown(rosa.post(page(built, "close_readings"), follow=True))
    assert "No readings are asked for" in shown(rosa.post(page(built, "close_readings"), follow=True))


def test_the_page_takes_the_same_number_of_statements_for_every_rationale(
    asked: ReadWorld, signed_in: SignIn, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    eva = signed_in(asked.eva)
    eva.get(page(asked))
    with django_assert_max_num_queries(24) as statements:
        eva.get(page(asked))
    first = len(statements)
    eva.post(page(asked), judged(eva, asked))
    eva.get(page(asked))
    eva.get(page(asked))
    with django_assert_num_queries(first):
        eva.get(page(asked))


def test_a_hidden_snippet_is_on_nobody_s_page(asked: ReadWorld, signed_in: SignIn) -> None:
    eva = signed_in(asked.eva)
    eva.get(page(asked))
    slot = ReadingSlot.objects.get(state="leased")
    hidden = Snippet.objects.filter(pk__in=slot.snippets, rank__gte=100).order_by("pk")[0]
    report_snippet(study=asked.world.study, snippet=hidden, by=asked.eva, now=NOW)
    html = shown(eva.get(page(asked)))
    assert f"snippet-{hidden.pk}" not in html
    assert html.count("Should fire") == 20
