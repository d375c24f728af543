"""The agreement page: every coefficient with interval and n, or the reason why there is none; for researchers alone."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.actions.claiming import claim
from annotation.actions.people import add_member
from annotation.actions.results import compute_results
from annotation.actions.rounds import close_round
from annotation.enums import Role
from annotation.models import Agreement, User
from annotation.queries.rubric_words import rubric_words
from annotation.views.agreement import by_item
from annotation.views.drawing.figures import decimal
from annotation.views.plain_words import in_words
from tests import world as worlds
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]
CONCEPTS = ("chest pain", "troponin", "chest pain", "negation", "troponin", "chest pain") * 2


@pytest.fixture
def world(db: None) -> World:
    """The small world with twelve sampled latents: enough for an interval."""
    return worlds.build(sample=12)


def page(client: Client, world: World, query: str = "") -> str:
    response = client.get(reverse("agreement", args=[world.study.slug]) + query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def rate_with_some_disagreement(world: World) -> None:
    """Both rate everything; they name another concept on every sixth latent."""
    chosen: dict[int, str] = {}
    for place, concept in enumerate(CONCEPTS):
        rating = rate_next(world.study, world.ada, concept=concept, coherence=1 + place % 5)
        assert rating is not None
        chosen[rating.latent_id] = concept
    for place in range(len(CONCEPTS)):
        assert rate_with(world, chosen, differ=place % 6 == 0)
    compute_results(study_id=world.study.pk, now=NOW)


def rate_with(world: World, chosen: dict[int, str], *, differ: bool) -> bool:
    """Ben's next rating: Ada's concept for the latent that he is handed, unless he is to differ."""
    slot = claim(study=world.study, by=world.ben, now=NOW)
    assert slot is not None
    concept = "family history" if differ else chosen[slot.latent_id]
    return rate_next(world.study, world.ben, concept=concept) is not None


def test_every_rubric_item_has_its_coefficients_with_interval_and_n(world: World, signed_in: SignIn) -> None:
    rate_with_some_disagreement(world)
    text = page(signed_in(world.rosa), world)
    for name in ("Concept", "Category", "Coherence", "Specificity", "Confidence", "Flags"):
        assert f"<h2>{name}</h2>" in text
    alpha = Agreement.objects.get(item="concept", coefficient="alpha", scope="all")
    assert alpha.value is not None
    assert alpha.low is not None
    assert alpha.high is not None
    concept = text[text.index("<h2>Concept</h2>") : text.index("<h2>Category</h2>")]
    assert f"<strong>{decimal(alpha.value)}</strong>" in concept
    assert f"[{decimal(alpha.low)}, {decimal(alpha.high)}]" in concept
    for name in ("Krippendorff’s α", "Gwet’s AC1", "Raw agreement"):
        assert name in concept
    assert "83 % of pairs" in concept  # ten of twelve latents
    coherence = text[text.index("<h2>Coherence</h2>") :]
    assert "Gwet’s AC2" in coherence


def test_alpha_of_every_item_stands_in_the_forest_plot(world: World, signed_in: SignIn) -> None:
    rate_with_some_disagreement(world)
    text = page(signed_in(world.rosa), world)
    forest = text[text.index('<table class="forest">') : text.index("</table>")]
    for name in ("Concept", "Category", "Coherence", "Specificity", "Confidence", "Flags"):
        assert name in forest


def test_what_is_undefined_says_why(world: World, signed_in: SignIn) -> None:
    rate_with_some_disagreement(world)
    row = Agreement.objects.get(item="category", coefficient="alpha", scope="all")  # everybody chose the first category
    assert row.value is None
    text = page(signed_in(world.rosa), world)
    assert row.undefined_reason
    assert f"Undefined: {row.undefined_reason}" in text
    assert "nan" not in text.replace("finance", "")


def test_a_value_without_an_interval_says_why(db: None, signed_in: SignIn) -> None:
    few = worlds.build(sample=6)
    for rater in (few.ada, few.ben):
        for concept in CONCEPTS[:6]:
            rate_next(few.study, rater, concept=concept)
    compute_results(study_id=few.study.pk, now=NOW)
    assert "An interval needs at least 10 latents with two ratings; there are 6." in page(signed_in(few.rosa), few)


def test_the_page_says_from_what_when_and_how_it_was_computed(world: World, signed_in: SignIn) -> None:
    rate_with_some_disagreement(world)
    text = page(signed_in(world.rosa), world)
    assert "from 24 ratings by 2 raters of 12 latents" in text
    assert "results-3" in text
    assert "20261122" in text


def test_without_results_the_page_says_what_to_wait_for(world: World, signed_in: SignIn) -> None:
    assert "Agreement is computed by itself as soon as ratings arrive." in page(signed_in(world.rosa), world)


def test_an_unknown_scope_shows_all(world: World, signed_in: SignIn) -> None:
    rate_with_some_disagreement(world)
    assert "<h2>Concept</h2>" in page(signed_in(world.rosa), world, "?scope=moon")


@pytest.mark.parametrize("person", ["ada", "cora", "nora"])
def test_everyone_but_researchers_is_told_why_agreement_is_hidden(world: World, signed_in: SignIn, person: str) -> None:
    rate_with_some_disagreement(world)
    response = signed_in(getattr(world, person)).get(reverse("agreement", args=[world.study.slug]))
    assert response.status_code == 403
    text = response.content.decode()
    assert "Agreement and consensus stay hidden from everyone who may still rate in this study" in text
    assert "Krippendorff" not in text


def test_a_stranger_finds_nothing(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.sven).get(reverse("agreement", args=[world.study.slug])).status_code == 404


def test_a_researcher_who_rates_is_refused_until_the_round_is_over(world: World, signed_in: SignIn) -> None:
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    rate_with_some_disagreement(world)
    client, address = signed_in(world.ada), reverse("agreement", args=[world.study.slug])
    assert client.get(address).status_code == 403
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    assert client.get(address).status_code == 200


def test_the_page_costs_the_same_statements_for_more_ratings(world: World, signed_in: SignIn) -> None:
    client, address = signed_in(world.rosa), reverse("agreement", args=[world.study.slug])
    rate_next(world.study, world.ada)
    compute_results(study_id=world.study.pk, now=NOW)
    with CaptureQueriesContext(connection) as small:
        client.get(address)
    while rate_next(world.study, world.ben):
        pass
    compute_results(study_id=world.study.pk, now=NOW)
    with CaptureQueriesContext(connection) as large:
        client.get(address)
    assert len(large) == len(small)


def row(**fields: object) -> Agreement:
    plain = {"item": "concept", "coefficient": "alpha", "level": "nominal", "units": 24, "ratings": 72, "raters": 3}
    return Agreement(**{**plain, **fields})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"value": -0.1, "low": -0.2, "high": 0.0},
            "Agreement is no better than chance: raters agree no more than chance would have it. The whole",
        ),
        ({"value": 0.75, "low": 0.7, "high": 0.8}, "Agreement is good: raters agree enough for tentative conclusions"),
        ({"value": 0.3, "low": -0.05, "high": 0.6}, "The interval reaches down to chance, and up to 0.60"),
        ({"value": 0.3, "low": 0.21, "high": 0.4}, "about as in published studies of clinicians (0.2 to 0.4)"),
        (
            {"value": 0.5, "low": 0.2, "high": 0.7},
            "With 24 latents anything from slight (0.20) to good (0.70) would fit.",
        ),
        ({"value": 0.9, "interval_reason": "Fewer than three latents."}, "cannot be said: Fewer than three latents."),
        ({"value": None, "undefined_reason": "One category only."}, "Undefined: One category only."),
        ({"value": 0.9, "coefficient": "ac1"}, "Chance corrected in Gwet’s way"),
        ({"value": 0.9, "coefficient": "raw"}, "in 90 % of pairs, chance included."),
    ],
)
def test_each_figure_is_read_out_in_plain_words(fields: dict[str, object], sentence: str) -> None:
    assert sentence in in_words(row(**fields))


def test_high_raw_agreement_with_a_low_alpha_is_explained(world: World) -> None:
    words = rubric_words(world.study.rubric)
    (item,) = by_item([row(value=0.1), row(coefficient="raw", value=0.95)], words)
    assert "one answer is so common that chance alone explains most" in item.note
    (item,) = by_item([row(value=0.9), row(coefficient="raw", value=0.95)], words)
    assert item.note == ""
