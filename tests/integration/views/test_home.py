"""The first page: my studies only, and what waits for me in each of my roles."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.cases import open_case
from annotation.actions.claiming import claim
from annotation.actions.people import add_member
from annotation.actions.rounds import close_round
from annotation.enums import LatentState, Role
from annotation.models import Study, User
from tests.world import NOW, World, add_rater, rate_next

SignIn = Callable[[User], Client]
HOME = "/"


def shown(client: Client) -> str:
    response = client.get(HOME)
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_rater_reads_how_many_latents_are_left_for_her(world: World, signed_in: SignIn) -> None:
    assert "6 latents left for you in round 1." in shown(signed_in(world.ada))
    rate_next(world.study, world.ada)
    claim(study=world.study, by=world.ada, now=NOW)
    html = shown(signed_in(world.ada))
    assert "5 latents left for you in round 1." in html
    assert reverse("rate", args=["hearts"]) in html


def test_a_rater_who_is_through_is_thanked_and_has_no_button(world: World, signed_in: SignIn) -> None:
    while rate_next(world.study, world.ada):
        pass
    html = shown(signed_in(world.ada))
    assert "Nothing is left for you in the open round. You have rated 6 latents here." in html
    assert reverse("rate", args=["hearts"]) not in html


def test_a_closed_round_says_so(world: World, signed_in: SignIn) -> None:
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    assert "No round is open." in shown(signed_in(world.ada))


def test_before_the_first_round_a_rater_waits(before_round: World, signed_in: SignIn) -> None:
    assert "The first round has not opened yet." in shown(signed_in(before_round.ada))


def test_an_adjudicator_reads_how_many_cases_wait(world: World, signed_in: SignIn) -> None:
    assert "No case has been opened yet." in shown(signed_in(world.cora))
    latent = world.study.sample.earliest("position")
    latent.state = LatentState.PERSISTENT
    latent.save()
    open_case(latent=latent, why="Still split.", now=NOW)
    assert "1 case waits for your decision." in shown(signed_in(world.cora))


def test_a_researcher_reads_the_next_step(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    html = shown(signed_in(world.rosa))
    assert "round 1 has 1 of 12 ratings" in html
    assert reverse("study", args=["hearts"]) in html


def test_a_coordinator_reads_who_of_her_own_people_is_behind(world: World, signed_in: SignIn) -> None:
    assert "Your one rater has latents left to rate." in shown(signed_in(world.nora))
    add_rater(world, "eva", world.north)
    assert "2 of your 2 raters have latents left to rate." in shown(signed_in(world.nora))
    while rate_next(world.study, world.ada):
        pass
    assert "None of your 2 raters has anything left to rate." in shown(signed_in(world.nora))


def test_several_roles_are_several_lines_and_what_waits_comes_first(world: World, signed_in: SignIn) -> None:
    add_member(study=world.study, user=world.cora, role=Role.ANNOTATOR, institution=world.north, by=None, now=NOW)
    html = shown(signed_in(world.cora))
    assert html.index("latents left for you") < html.index("No case has been opened yet.")


def test_a_stranger_sees_no_study(world: World, signed_in: SignIn) -> None:
    html = shown(signed_in(world.sven))
    assert "You are not in a study yet" in html
    assert "Hearts" not in html


def test_a_simulated_study_carries_a_badge(world: World, signed_in: SignIn) -> None:
    assert "Simulated raters" not in shown(signed_in(world.rosa))
    Study.objects.update(simulated=True)
    assert "Simulated raters" in shown(signed_in(world.rosa))


def test_whoever_is_not_signed_in_is_sent_to_sign_in(db: None, client: Client) -> None:
    response = client.get(HOME)
    assert (response.status_code, response["Location"]) == (302, "/sign-in/?next=/")


@pytest.mark.parametrize("name", ["ada", "ben", "cora", "rosa", "nora"])
def test_every_button_opens(world: World, signed_in: SignIn, name: str) -> None:
    client = signed_in(getattr(world, name))
    for mine in client.get(HOME).context["studies"]:
        for errand in mine.errands:
            assert not errand.page or client.get(reverse(errand.page, args=[mine.study.slug])).status_code == 200
