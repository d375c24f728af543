"""A rater's own page rests on her answers alone; the panel of raters is the researcher's, by pseudonym."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.results import compute_results
from annotation.actions.rounds import close_round
from annotation.enums import RoundKind
from annotation.models import User
from annotation.queries.own_reliability import own_reliability
from tests import calibration_world
from tests import world as worlds
from tests.calibration_world import SIZE, membership
from tests.html import without_tokens
from tests.world import NOW, World, pseudonym, rate_next

SignIn = Callable[[User], Client]
TAGS = re.compile(r"<[^>]*>")
DUE = NOW + timedelta(hours=168)


def mine(world: World, client: Client) -> str:
    answer = client.get(reverse("my_reliability", args=[world.study.slug]))
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    return " ".join(without_tokens(TAGS.sub(" ", answer.content.decode())).split())


@pytest.fixture
def always(db: None) -> World:
    """Every rating is followed by a retest a week later."""
    return worlds.build(retest_share=1.0)


def test_before_anything_is_known_the_page_says_what_will_fill_it(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    assert "Nothing to say yet" in mine(world, signed_in(world.ada))


def test_calibration_shows_how_close_she_is_with_n(db: None, signed_in: SignIn) -> None:
    world = calibration_world.calibrated()
    calibration_world.answer_set(world, world.ada)
    found = own_reliability(membership(world, world.ada))
    concept = next(one for one in found.questions if one.question.is_concept)
    assert (concept.calibration, concept.credit, concept.repeats) == (SIZE, 1.0, 0)
    assert concept.prior.mean > 4 / 6, "she sides with the panel"
    assert f"n = {SIZE}" in mine(world, signed_in(world.ada))


def test_a_colleague_changes_nothing_on_her_page(db: None, signed_in: SignIn) -> None:
    world = calibration_world.calibrated(sets=(1,))
    calibration_world.answer_set(world, world.ada)
    client = signed_in(world.ada)
    while rate_next(world.study, world.ada):
        pass
    before = mine(world, client)
    calibration_world.answer_set(world, world.ben)
    while rate_next(world.study, world.ben, concept="gout"):
        pass
    compute_results(study_id=world.study.pk, now=NOW)
    assert mine(world, client) == before


def test_a_repeat_is_nothing_that_she_reads_of_while_its_round_is_open(always: World, signed_in: SignIn) -> None:
    while rate_next(always.study, always.ada):
        pass
    turn = 0
    while rate_next(always.study, always.ada, now=DUE, concept=("chest pain", "troponin")[turn % 2]):
        turn += 1
    client = signed_in(always.ada)
    assert "Nothing to say yet" in mine(always, client)
    close_round(round_=always.study.rounds.get(kind=RoundKind.INDEPENDENT), by=always.rosa, now=DUE)
    concept = next(one for one in own_reliability(membership(always, always.ada)).questions if one.question.is_concept)
    assert (concept.repeats, concept.matched) == (6, 3)
    assert "3 of 6" in mine(always, client)


def test_her_own_page_opens_to_raters_alone(world: World, signed_in: SignIn) -> None:
    url = reverse("my_reliability", args=[world.study.slug])
    for user, status in ((world.rosa, 403), (world.nora, 403), (world.cora, 403), (world.sven, 404)):
        assert signed_in(user).get(url).status_code == status, user


def test_the_panel_shows_pseudonyms_to_the_researcher(world: World, signed_in: SignIn) -> None:
    for user in (world.ada, world.ben):
        while rate_next(world.study, user):
            pass
    compute_results(study_id=world.study.pk, now=NOW)
    answer = signed_in(world.rosa).get(reverse("rater_panel", args=[world.study.slug]))
    text = without_tokens(TAGS.sub(" ", answer.content.decode()))
    for user in (world.ada, world.ben):
        assert pseudonym(world.study, user) in text
        assert user.name not in re.sub(r"[^ ]*@[^ ]*", "", text)
    assert "[0.28, 0.95]" in text, "nothing is known of either: the prior's own interval"
    assert "comes once it is quiet" in text


def test_the_panel_is_refused_to_everyone_whom_it_would_unblind(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    compute_results(study_id=world.study.pk, now=NOW)
    url = reverse("rater_panel", args=[world.study.slug])
    for user, status in ((world.ada, 403), (world.nora, 403), (world.cora, 403), (world.sven, 404)):
        assert signed_in(user).get(url).status_code == status, user


def test_the_panel_before_results_says_what_to_wait_for(world: World, signed_in: SignIn) -> None:
    answer = signed_in(world.rosa).get(reverse("rater_panel", args=[world.study.slug]))
    assert "Nobody has been weighed yet" in answer.content.decode()


def test_a_question_that_is_not_there_shows_the_concept(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    compute_results(study_id=world.study.pk, now=NOW)
    answer = signed_in(world.rosa).get(reverse("rater_panel", args=[world.study.slug]) + "?item=nonsense")
    assert answer.context["item"].key == "concept"
