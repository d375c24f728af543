"""The consensus page: both layers of CLC beside majority vote and Dawid-Skene; for researchers alone."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.actions.claiming import claim
from annotation.actions.follow_up import follow_up
from annotation.actions.people import add_member
from annotation.actions.results import compute_results
from annotation.actions.rounds import close_round
from annotation.enums import LatentState, Role
from annotation.models import Consensus, SampledLatent, User
from annotation.queries.consensus_filters import Look, worth_a_look
from annotation.queries.rubric_words import rubric_words
from annotation.views.consensus_words import consensus_panel
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]


def page(client: Client, world: World, query: str = "") -> str:
    response = client.get(reverse("consensus", args=[world.study.slug]) + query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def line(text: str, latent: SampledLatent) -> str:
    """The table's row of the latent."""
    start = text.index(f">Latent {latent.latent.index}</a>")
    return text[start : text.index("</tr>", start)]


def rate_all(world: World, **changes: Any) -> None:
    for rater in (world.ada, world.ben):
        while rate_next(world.study, rater, **changes):
            pass
    compute_results(study_id=world.study.pk, now=NOW)


def rate_with_one_tie(world: World) -> SampledLatent:
    """Ada says chest pain throughout; Ben says troponin on the first latent that he is handed. That one."""
    while rate_next(world.study, world.ada, concept="chest pain"):
        pass
    slot = claim(study=world.study, by=world.ben, now=NOW)
    assert slot is not None
    rate_next(world.study, world.ben, concept="troponin")
    while rate_next(world.study, world.ben, concept="chest pain"):
        pass
    compute_results(study_id=world.study.pk, now=NOW)
    return world.study.sample.select_related("latent").get(pk=slot.latent_id)


def test_each_latent_shows_what_every_method_makes_of_it(world: World, signed_in: SignIn) -> None:
    rate_with_one_tie(world)
    text = page(signed_in(world.rosa), world)
    for head in ("Opinion θ", "Single truth q", "n_eff", "Majority vote", "Dawid-Skene", "Flip rate", "State"):
        assert head in text
    for sampled in world.study.sample.select_related("latent"):
        row = line(text, sampled)
        stored = Consensus.objects.get(item="concept", latent=sampled)
        assert f"{max(stored.theta):.2f}" in row
        assert f"{max(stored.q):.2f}" in row
        assert f"{stored.n_eff:.1f}" in row


def test_a_tie_is_shown_as_a_tie(world: World, signed_in: SignIn) -> None:
    tied = rate_with_one_tie(world)
    text = page(signed_in(world.rosa), world)
    row = line(text, tied)
    majority = row[row.index("troponin") :]
    assert "chest pain" in row
    assert "tie" in majority
    assert text.count('class="tie"') == 1


def test_a_state_comes_with_its_reason(world: World, signed_in: SignIn) -> None:
    tied = rate_with_one_tie(world)
    follow_up(study_id=world.study.pk, now=NOW)
    tied.refresh_from_db()
    assert tied.state_reason
    row = line(page(signed_in(world.rosa), world), tied)
    assert tied.get_state_display() in row
    assert tied.state_reason in unescape(row)


def test_the_table_is_filtered_by_state(world: World, signed_in: SignIn) -> None:
    rate_all(world)
    one = world.study.sample.select_related("latent").order_by("position")[0]
    one.state = LatentState.PERSISTENT
    one.save(update_fields=["state"])
    text = page(signed_in(world.rosa), world, "?state=persistent")
    assert "1 to 1 of 1 latents" in text
    assert "No sampled latent is in this state." in page(signed_in(world.rosa), world, "?state=split")


def test_any_item_of_the_rubric_can_be_chosen(world: World, signed_in: SignIn) -> None:
    rate_all(world, coherence=5, flags=["artefact"])
    client = signed_in(world.rosa)
    assert "5: One thread in all" in page(client, world, "?item=coherence")
    assert "Finding or symptom" in page(client, world, "?item=category")
    flag = page(client, world, "?item=flags-artefact")
    assert '<option value="flags-artefact" selected>Artefact</option>' in flag
    assert '<span class="label">Yes</span>' in flag


def test_the_most_contested_latent_comes_first_if_asked(world: World, signed_in: SignIn) -> None:
    tied = rate_with_one_tie(world)
    text = page(signed_in(world.rosa), world, "?sort=contested")
    places = [text.index(f">Latent {s.latent.index}</a>") for s in world.study.sample.select_related("latent")]
    assert text.index(f">Latent {tied.latent.index}</a>") == min(places)


@pytest.mark.parametrize("query", ["?item=gone", "?sort=rater", "?state=moon", "?page=zero"])
def test_what_is_not_offered_is_ignored(world: World, signed_in: SignIn, query: str) -> None:
    rate_all(world)
    assert "1 to 6 of 6 latents" in page(signed_in(world.rosa), world, query)


def test_a_latent_on_which_nobody_could_tell_says_so(world: World, signed_in: SignIn) -> None:
    slot = claim(study=world.study, by=world.ada, now=NOW)
    assert slot is not None
    rate_next(world.study, world.ada, outcome="cannot-tell", rationale="")
    while rate_next(world.study, world.ada):
        pass
    compute_results(study_id=world.study.pk, now=NOW)
    sampled = world.study.sample.select_related("latent").get(pk=slot.latent_id)
    sampled.state = LatentState.RECRUITING
    sampled.save(update_fields=["state"])
    assert "raters could not tell" in line(page(signed_in(world.rosa), world), sampled)


def test_a_changed_filter_swaps_the_table_alone(world: World, signed_in: SignIn) -> None:
    rate_all(world)
    response = signed_in(world.rosa).get(reverse("consensus", args=[world.study.slug]), headers={"HX-Request": "true"})
    assert response.content.decode().strip().startswith('<div class="stack" id="consensus-table">')
    assert "HX-Request" in response.headers["Vary"]


def test_without_results_the_page_says_what_to_wait_for(world: World, signed_in: SignIn) -> None:
    assert "It is computed by itself as soon as ratings arrive." in page(signed_in(world.rosa), world)


@pytest.mark.parametrize("person", ["ada", "ben", "cora", "nora"])
def test_everyone_but_researchers_is_told_why_consensus_is_hidden(world: World, signed_in: SignIn, person: str) -> None:
    rate_all(world)
    response = signed_in(getattr(world, person)).get(reverse("consensus", args=[world.study.slug]))
    assert response.status_code == 403
    text = response.content.decode()
    assert "Agreement and consensus stay hidden from everyone who may still rate in this study" in text
    assert "chest pain" not in text


def test_a_stranger_finds_nothing(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.sven).get(reverse("consensus", args=[world.study.slug])).status_code == 404


def test_a_researcher_who_rates_is_refused_until_the_round_is_over(world: World, signed_in: SignIn) -> None:
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    rate_all(world)
    client, address = signed_in(world.ada), reverse("consensus", args=[world.study.slug])
    assert client.get(address).status_code == 403
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    assert client.get(address).status_code == 200


def test_the_page_costs_the_same_statements_for_more_ratings(world: World, signed_in: SignIn) -> None:
    client, address = signed_in(world.rosa), reverse("consensus", args=[world.study.slug])
    rate_next(world.study, world.ada)
    compute_results(study_id=world.study.pk, now=NOW)
    with CaptureQueriesContext(connection) as small:
        client.get(address)
    rate_all(world)
    with CaptureQueriesContext(connection) as large:
        client.get(address)
    assert len(large) == len(small)


def test_a_mind_changed_between_two_readings_counts_half_for_each_answer(world: World) -> None:
    row = Consensus(
        classes=["chest pain", "troponin", "(other)"],
        votes=[1.5, 0.5, 0.0],
        q=[0.8, 0.15, 0.05],
        theta=[0.7, 0.2, 0.1],
        dawid_skene=None,
        dawid_skene_reason="It needs at least three raters.",
        majority=["chest pain"],
        n_eff=1.9,
        flip_rate=0.2,
        entropy=0.6,
        ratings=2,
        cannot_tell=1,
        institutions=2,
        weights={"R02": 0.9, "R01": 1.0},
    )
    panel = consensus_panel(row, rubric_words(world.study.rubric).of("concept"))
    assert panel.votes == {"chest pain": 1.5, "troponin": 0.5, "Some other concept": 0}
    assert "1 rater could not tell" in panel.votes_note
    assert "counts half for each answer" in panel.votes_note
    assert [method.shares for method in panel.methods] == [row.theta, row.q, [0.75, 0.25, 0.0], None]
    assert panel.methods[3].reason == "It needs at least three raters."
    assert panel.weights == [("R01", 1.0), ("R02", 0.9)]


def test_what_is_worth_a_look_is_found_in_the_table(world: World, signed_in: SignIn) -> None:
    tied = rate_with_one_tie(world)
    client = signed_in(world.rosa)
    for look in ("tied", "differ", "contested"):
        text = page(client, world, f"?look={look}")
        assert "1 to 1 of 1 latents" in text, look
        assert f">Latent {tied.latent.index}</a>" in text
    assert "methods differ" in line(page(client, world), tied)
    everyone = page(client, world, "?look=one-person")
    turning = Consensus.objects.filter(item="concept", breakdown__contains=[{"changes_answer": True}]).count()
    assert f"of {turning} latents" in everyone if turning else "worth this look" in everyone


def test_states_and_looks_are_combined(world: World, signed_in: SignIn) -> None:
    tied = rate_with_one_tie(world)
    text = page(signed_in(world.rosa), world, "?look=tied&state=accepted")
    assert f">Latent {tied.latent.index}</a>" not in text
    assert "No sampled latent is in this state and worth this look." in text


MADE_UP: dict[str, Any] = {
    "classes": ["a", "b"],
    "votes": [2, 0],
    "majority": ["a"],
    "q": [0.8, 0.2],
    "theta": [0.7, 0.3],
    "dawid_skene": [0.9, 0.1],
    "n_eff": 2,
    "flip_rate": 0,
    "entropy": 0.5,
    "ratings": 2,
    "cannot_tell": 0,
    "institutions": 2,
    "weights": {},
}


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        ({}, False),
        ({"dawid_skene": None}, False),
        ({"dawid_skene": [0.1, 0.9]}, True),
        ({"theta": [0.4, 0.6]}, True),
        ({"majority": ["b"]}, True),
        ({"majority": ["a", "b"]}, True),
        ({"majority": [], "q": [], "theta": [], "dawid_skene": None, "classes": []}, False),
    ],
)
def test_the_page_and_the_filter_agree_on_which_methods_differ(
    world: World, changed: dict[str, Any], differs: bool
) -> None:
    rate_all(world)
    run = Consensus.objects.filter(item="concept").values_list("run", flat=True).first()
    assert run is not None
    row = Consensus.objects.create(
        run_id=run, latent=world.study.sample.order_by("position")[0], item="made-up", **{**MADE_UP, **changed}
    )
    found = worth_a_look(row.run, item="made-up", look=Look.DIFFER, theta=0.7)
    assert (row in found) is differs
    if row.classes:
        assert consensus_panel(row, rubric_words(world.study.rubric).of("made-up")).differs is differs
