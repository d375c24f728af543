"""What agreement, accepted labels and cases become with any one rater, institution or round left out."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.actions.people import add_member
from annotation.actions.results import compute_results, compute_sensitivity
from annotation.enums import Role
from annotation.models import ResultRun, Sensitivity, User
from annotation.queries.sensitivity_figures import SensitivityFigures, sensitivity_figures
from annotation.views.sensitivity import alpha_in_words, labels_in_words
from tests.world import NOW, World, pseudonym, rate_next

SignIn = Callable[[User], Client]


@pytest.fixture
def rated(world: World) -> World:
    """Ada and Ben agree on five of six."""
    for rater in (world.ada, world.ben):
        first = rater == world.ben
        while rate_next(world.study, rater, concept="troponin" if first else "chest pain"):
            first = False
    compute_results(study_id=world.study.pk, now=NOW)
    return world


def page(client: Client, query: str = "") -> str:
    response = client.get(reverse("sensitivity", args=["hearts"]) + query)
    assert response.status_code == 200
    return unescape(" ".join(response.content.decode().split()))


def row(world: World, kind: str, left_out: str, alpha: float | None, **fields: Any) -> Sensitivity:
    """On an item of its own, so that what the product computes stays beside it."""
    counts = {"accepted": 4, "needs_raters": 1, "recruiting": 0, "persistent": 1}
    reason = "" if alpha is not None else "Every rating is the same."
    return Sensitivity.objects.create(
        run=ResultRun.objects.get(), item="made-up", kind=kind, left_out=left_out, alpha=alpha,
        undefined_reason=reason, **{**counts, **fields},
    )  # fmt: skip


def figures(world: World) -> SensitivityFigures:
    return sensitivity_figures(ResultRun.objects.get(), item="made-up")


def test_what_the_product_computes_is_shown_under_pseudonyms(rated: World, signed_in: SignIn) -> None:
    compute_sensitivity(study_id=rated.study.pk, now=NOW)
    text = page(signed_in(rated.rosa))
    for user in (rated.ada, rated.ben):
        assert f"Without {pseudonym(rated.study, user)}" in text
    assert "Without North Hospital" in text
    assert "Ada" not in text
    table = text[text.index("Latents by verdict") :]
    everybody = Sensitivity.objects.get(item="concept", kind="nobody")
    assert "With everybody" in table
    assert f'<td class="number">{everybody.needs_raters}</td>' in table


def test_until_it_is_computed_the_page_says_what_it_waits_for(rated: World, signed_in: SignIn) -> None:
    assert "once no new rating has come in for a while" in page(signed_in(rated.rosa))


def test_before_anybody_rates_there_is_nothing_to_leave_out(world: World, signed_in: SignIn) -> None:
    assert "Nothing to leave out yet" in page(signed_in(world.rosa))


def test_each_accepted_label_that_changes_is_listed_with_what_it_becomes(rated: World, signed_in: SignIn) -> None:
    one, two = rated.study.sample.select_related("latent").order_by("position")[:2]
    row(rated, "nobody", "", 0.5)
    row(rated, "rater", "R03", 0.6, changed=[{"latent": one.pk, "before": "troponin", "after": "chest pain"}])
    row(rated, "institution", "south", 0.5, changed=[{"latent": one.pk, "before": "troponin", "after": None}])
    row(rated, "round", "1", 0.5, changed=[{"latent": two.pk, "before": "wheeze", "after": None}])
    text = page(signed_in(rated.rosa), "?item=made-up")
    table = text[text.index("Labels that change</h2>") :]
    assert "2 of 4 accepted labels would not be accepted without some one rater" in table
    assert "Chest pain: without R03; no longer accepted: without South Hospital" in table
    assert "No longer accepted: without round 1" in table
    assert table.index(f"Latent {one.latent.index}<") < table.index(f"Latent {two.latent.index}<")


def test_who_moves_agreement_most_is_named(rated: World) -> None:
    row(rated, "nobody", "", 0.5)
    row(rated, "rater", "R01", 0.52)
    assert "does not rest on anyone in particular" in alpha_in_words(figures(rated), {})
    row(rated, "rater", "R02", 0.64)
    row(rated, "rater", "R03", None)
    said = alpha_in_words(figures(rated), {})
    assert "R02 moves α most: without, it is 0.64 in place of 0.50." in said
    assert "agrees less with the others" in said
    row(rated, "round", "2", 0.2)
    assert "Round 2 moves α most" in alpha_in_words(figures(rated), {})
    assert "holds agreement up" in alpha_in_words(figures(rated), {})


@pytest.mark.parametrize(
    ("accepted", "sentence"),
    [(0, "No label is accepted yet"), (4, "All 4 accepted labels stay, whoever is left out."), (None, "")],
)
def test_labels_that_stay_are_said_to_stay(rated: World, accepted: int | None, sentence: str) -> None:
    row(rated, "nobody", "", 0.5, accepted=accepted)
    row(rated, "rater", "R01", 0.5)
    assert labels_in_words(figures(rated)).startswith(sentence)


def test_an_item_that_decides_nothing_has_no_verdicts(rated: World, signed_in: SignIn) -> None:
    compute_sensitivity(study_id=rated.study.pk, now=NOW)
    text = page(signed_in(rated.rosa), "?item=coherence")
    assert "This item decides nothing" in text
    assert "Latents by verdict" not in text


def test_an_undefined_figure_says_why(rated: World, signed_in: SignIn) -> None:
    row(rated, "nobody", "", None)
    assert "α is undefined with everybody: Every rating is the same." in page(signed_in(rated.rosa), "?item=made-up")


@pytest.mark.parametrize("who", ["ada", "cora", "nora"])
def test_whom_it_would_unblind_is_refused(rated: World, signed_in: SignIn, who: str) -> None:
    assert signed_in(getattr(rated, who)).get(reverse("sensitivity", args=["hearts"])).status_code == 403


def test_a_researcher_who_may_yet_rate_is_refused(rated: World, signed_in: SignIn) -> None:
    add_member(study=rated.study, user=rated.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    assert signed_in(rated.ada).get(reverse("sensitivity", args=["hearts"])).status_code == 403


def test_the_page_costs_the_same_statements_for_more_left_out(rated: World, signed_in: SignIn) -> None:
    client = signed_in(rated.rosa)
    row(rated, "nobody", "", 0.5)
    one = rated.study.sample.order_by("position")[0]
    row(rated, "rater", "R01", 0.5, changed=[{"latent": one.pk, "before": "a", "after": "b"}])
    page(client, "?item=made-up")
    with CaptureQueriesContext(connection) as few:
        page(client, "?item=made-up")
    for place, latent in enumerate(rated.study.sample.all()):
        row(rated, "round", str(place), 0.5, changed=[{"latent": latent.pk, "before": "a", "after": None}])
    with CaptureQueriesContext(connection) as many:
        page(client, "?item=made-up")
    assert len(many) == len(few)
