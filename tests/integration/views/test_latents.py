"""The table of latents and a latent's page: evidence for everyone who may look, opinions only where blinding allows."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.actions.follow_up import follow_up
from annotation.actions.people import add_member
from annotation.actions.results import compute_results
from annotation.actions.rounds import close_round
from annotation.enums import LatentState, Role
from annotation.models import Latent, SampledLatent, User
from annotation.queries.opinions import opinions_on
from tests.html import without_tokens
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]


def read(client: Client, address: str, **headers: str) -> str:
    response = client.get(address, headers=headers or None)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def table(client: Client, world: World, query: str = "") -> str:
    return read(client, reverse("latents", args=[world.study.slug]) + query)


def detail(client: Client, world: World, latent: Latent) -> str:
    return read(client, reverse("latent", args=[world.study.slug, latent.index]))


def first_rated(world: World) -> SampledLatent:
    return world.study.sample.select_related("latent").order_by("position")[0]


def unsampled(world: World) -> Latent:
    assert world.study.run is not None
    return world.study.run.latents.exclude(pk__in=world.study.sample.values("latent")).order_by("index")[0]


def order(text: str, latents: int = 12) -> list[int]:
    """Indices of the latents in the order of the table's rows."""
    places = {index: text.find(f">Latent {index}</a>") for index in range(latents)}
    return sorted((index for index, at in places.items() if at >= 0), key=places.__getitem__)


def rate_all(world: World, **changes: Any) -> None:
    for rater in (world.ada, world.ben):
        while rate_next(world.study, rater, **changes):
            pass


def statements(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_sample_comes_first_in_its_own_order(world: World, signed_in: SignIn) -> None:
    text = table(signed_in(world.rosa), world)
    drawn = list(world.study.sample.order_by("position").values_list("latent__index", flat=True))
    assert order(text) == drawn
    assert "1 to 6 of 6 latents" in text


def test_all_latents_of_the_run_can_be_listed(world: World, signed_in: SignIn) -> None:
    text = table(signed_in(world.rosa), world, "?show=all")
    assert order(text) == list(range(12))
    assert text.count("not sampled") == 6


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("density", list(range(12))),
        ("-density", list(range(12))[::-1]),
        ("-activation", list(range(12))[::-1]),
        ("-index", list(range(12))[::-1]),
        ("documents", [0, 5, 10, 1, 6, 11, 2, 7, 3, 8, 4, 9]),
    ],
)
def test_the_table_is_sorted_by_what_is_asked(world: World, signed_in: SignIn, sort: str, expected: list[int]) -> None:
    assert order(table(signed_in(world.rosa), world, f"?show=all&sort={sort}")) == expected


@pytest.mark.parametrize("query", ["?sort=run__failure", "?sort=-", "?density=none&state=gone&page=x", "?page=999"])
def test_what_is_not_offered_is_ignored(world: World, signed_in: SignIn, query: str) -> None:
    drawn = list(world.study.sample.order_by("position").values_list("latent__index", flat=True))
    assert order(table(signed_in(world.rosa), world, query)) == drawn


def test_the_table_is_filtered_by_density(world: World, signed_in: SignIn) -> None:
    assert order(table(signed_in(world.rosa), world, "?show=all&density=occasional")) == [1, 2, 3, 4]
    assert "No latent fits these filters." in table(signed_in(world.rosa), world, "?show=all&density=dense")


def test_the_table_is_filtered_by_state(world: World, signed_in: SignIn) -> None:
    one = first_rated(world)
    one.state = LatentState.ACCEPTED
    one.save(update_fields=["state"])
    text = table(signed_in(world.rosa), world, "?state=accepted")
    assert order(text) == [one.latent.index]
    assert "1 to 1 of 1 latents" in text


def test_a_changed_filter_swaps_the_table_alone(world: World, signed_in: SignIn) -> None:
    address = reverse("latents", args=[world.study.slug])
    swapped = read(signed_in(world.rosa), address, **{"HX-Request": "true"})
    assert swapped.startswith('<div class="stack" id="latent-table">')
    whole = read(signed_in(world.rosa), address, **{"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert whole.startswith("<!doctype html>")


def test_the_table_names_the_consensus_concept_and_its_share(world: World, signed_in: SignIn) -> None:
    rate_all(world, concept="troponin")
    compute_results(study_id=world.study.pk, now=NOW)
    text = table(signed_in(world.rosa), world)
    assert text.count("troponin <span") == 6


def test_a_latents_page_shows_its_snippets_shaded(world: World, signed_in: SignIn) -> None:
    latent = first_rated(world).latent
    text = detail(signed_in(world.rosa), world, latent)
    for title in (
        "Strongest (12)",
        "Mid-range, strong to weak (10)",
        "Random, should not fire (6)",
        "Look-alikes, should not fire (6)",
    ):
        assert title in text
    assert 'class="fire fire-5"' in text
    assert "decile 10 of 10" in text
    assert "Cardiology, progress" in text


def test_held_out_snippets_are_counted_and_never_shown(world: World, signed_in: SignIn) -> None:
    text = detail(signed_in(world.rosa), world, first_rated(world).latent)
    assert "9 more snippets are held out" in text
    assert text.count("<article") == 34


def test_a_latents_page_shows_how_it_fires(world: World, signed_in: SignIn) -> None:
    latent = first_rated(world).latent
    text = detail(signed_in(world.rosa), world, latent)
    assert f"{sum(latent.histogram)} firings" in text  # the histogram's caption
    assert "The same as a table" in text
    assert f'title="{latent.identity}"' in text
    assert "Deciles of the activation" in text


def test_an_unsampled_latent_has_statistics_and_says_why_it_has_no_snippets(world: World, signed_in: SignIn) -> None:
    text = detail(signed_in(world.rosa), world, unsampled(world))
    assert "Not in the study’s sample" in text
    assert "Text is taken into the site for latents in the sample alone" in text
    assert "<article" not in text
    assert "Activation histogram" in text


@pytest.mark.parametrize("index", [99, 2147483648])
def test_a_latent_that_the_run_does_not_have_is_not_found(world: World, signed_in: SignIn, index: int) -> None:
    response = signed_in(world.rosa).get(reverse("latent", args=[world.study.slug, index]))
    assert response.status_code == 404


@pytest.mark.parametrize("person", ["ada", "cora", "nora"])
def test_the_latents_are_the_researchers(world: World, signed_in: SignIn, person: str) -> None:
    client = signed_in(getattr(world, person))
    for address in (
        reverse("latents", args=[world.study.slug]),
        reverse("latent", args=[world.study.slug, first_rated(world).latent.index]),
    ):
        response = client.get(address)
        assert response.status_code == 403
        assert "This needs the role of researcher" in response.content.decode()


def test_a_stranger_finds_no_latent(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.sven)
    assert client.get(reverse("latents", args=[world.study.slug])).status_code == 404
    assert client.get(reverse("latent", args=[world.study.slug, 0])).status_code == 404


def test_the_four_methods_stand_side_by_side(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada, concept="troponin")
    while rate_next(world.study, world.ben, concept="chest pain"):
        pass
    compute_results(study_id=world.study.pk, now=NOW)
    latent = world.study.ratings.get(rater=world.ada).latent.latent
    text = detail(signed_in(world.rosa), world, latent)
    for method in ("θ opinion", "q single truth", "Majority vote", "Dawid-Skene"):
        assert method in text
    assert "tied" in text  # one vote each
    assert "Flip rate" in text
    assert "Weight, of one vote" in text


def test_rationales_come_without_names_places_and_times(world: World, signed_in: SignIn) -> None:
    rate_all(world, rationale="Early reason.")
    sampled = first_rated(world)
    text = detail(signed_in(world.rosa), world, sampled.latent)
    opinions = text[text.index("Rationales") : text.index("<h2>Snippets</h2>")]
    assert opinions.count("Early reason.") == 2
    assert "In random order, without names." in opinions
    for trace in ("R01", "R02", "Ada", "Ben", "North", "South", f"{NOW:%H:%M}"):
        assert trace not in without_tokens(opinions)


def test_rationales_stand_in_an_order_that_is_fixed_and_nobodys(world: World, signed_in: SignIn) -> None:
    while rate_next(world.study, world.ada, rationale="Said by Ada."):
        pass
    while rate_next(world.study, world.ben, rationale="Said by Ben."):
        pass
    client = signed_in(world.rosa)
    for sampled in world.study.sample.select_related("latent"):
        text = detail(client, world, sampled.latent)
        said = [opinion.rationale for opinion in opinions_on(sampled.pk, order=f"latent:{sampled.pk}")]
        assert said == sorted(said, key=text.index)
        orders = {opinions_on(sampled.pk, order=str(number))[0].rationale for number in range(40)}
        assert orders == {"Said by Ada.", "Said by Ben."}


def test_cannot_tell_is_an_opinion_as_well(world: World, signed_in: SignIn) -> None:
    rate_all(world, outcome="cannot-tell", rationale="")
    compute_results(study_id=world.study.pk, now=NOW)
    follow_up(study_id=world.study.pk, now=NOW)
    text = detail(signed_in(world.rosa), world, first_rated(world).latent)
    assert text.count("Cannot tell from these snippets") == 2
    assert "No rationale given." in text


def test_a_researcher_who_may_yet_rate_a_latent_sees_no_opinion_on_it(world: World, signed_in: SignIn) -> None:
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    while rate_next(world.study, world.ben, concept="aortic dissection", rationale="A secret reason."):
        pass
    compute_results(study_id=world.study.pk, now=NOW)
    client, sampled = signed_in(world.ada), first_rated(world)
    text = detail(client, world, sampled.latent)
    assert "stays hidden from you while you may still rate" in text
    for secret in ("aortic dissection", "A secret reason.", "θ opinion"):
        assert secret not in without_tokens(text)
    listed = table(client, world)
    assert "aortic dissection" not in listed
    assert "hidden until you have rated" in listed
    assert "aortic dissection" in table(signed_in(world.rosa), world)


def test_hidden_states_cannot_be_learnt_through_the_filter(world: World, signed_in: SignIn) -> None:
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    one = first_rated(world)
    one.state = LatentState.ACCEPTED
    one.save(update_fields=["state"])
    text = table(signed_in(world.ada), world, "?state=accepted")
    assert len(order(text)) == 6
    assert 'name="state"' not in text


def test_a_researcher_sees_opinions_once_her_own_part_is_over(world: World, signed_in: SignIn) -> None:
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    rate_all(world, rationale="Now it may be read.")
    compute_results(study_id=world.study.pk, now=NOW)
    client, sampled = signed_in(world.ada), first_rated(world)
    assert "Now it may be read." not in detail(client, world, sampled.latent)
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    assert "Now it may be read." in detail(client, world, sampled.latent)


def test_pages_cost_the_same_statements_for_more_latents_and_ratings(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    rate_next(world.study, world.ada)
    compute_results(study_id=world.study.pk, now=NOW)
    rated = world.study.ratings.get().latent.latent
    addresses = [
        reverse("latents", args=[world.study.slug]),
        reverse("latents", args=[world.study.slug]) + "?show=all",
        reverse("latent", args=[world.study.slug, rated.index]),
    ]
    small = [statements(client, address) for address in addresses]
    rate_all(world)
    compute_results(study_id=world.study.pk, now=NOW)
    assert [statements(client, address) for address in addresses] == small
