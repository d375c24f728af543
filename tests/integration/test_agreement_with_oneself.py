"""How far raters agree with themselves on latents that came back: stored beside the other scopes, and read out."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.people import add_member
from annotation.actions.results import compute_results
from annotation.enums import Role
from annotation.models import Agreement, Rating, ResultRun, User
from annotation.rules.scopes import RETEST
from annotation.science.alpha import alpha
from annotation.science.table import RatingTable
from annotation.science.types import Answer, Estimate
from tests import world as worlds
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]
DUE = NOW + timedelta(hours=168)


@pytest.fixture
def repeated(db: None) -> World:
    """Ada answers six latents twice: with two words in turn. Ben answers them once."""
    world = worlds.build(retest_share=1.0)
    for concept in ("chest pain", "troponin", "wheeze", "chest pain", "troponin", "wheeze"):
        rate_next(world.study, world.ada, concept=concept)
    while rate_next(world.study, world.ben):
        pass
    turn = 0
    while rate_next(world.study, world.ada, now=DUE, concept=("chest pain", "troponin")[turn % 2]):
        turn += 1
    assert turn == 6
    return world


def computed(world: World) -> ResultRun:
    run = compute_results(study_id=world.study.pk, now=DUE)
    assert run is not None
    return run


def figures(run: ResultRun, item: str = "concept") -> dict[str, Agreement]:
    rows = Agreement.objects.filter(run=run, scope=RETEST, item=item)
    return {row.coefficient: row for row in rows}


def test_the_repeats_of_all_raters_have_their_figures(repeated: World) -> None:
    pairs = []
    for latent in repeated.study.sample.all():
        readings = Rating.objects.filter(latent=latent, rater=repeated.ada).order_by("pk")
        said = [rating.concept.name for rating in readings]
        assert len(said) == 2
        pairs.append(said)
    same = sum(before == after for before, after in pairs)
    answers = [
        Answer(latent=str(number), rater=when, institution="", value=value)
        for number, pair in enumerate(pairs)
        for when, value in zip(("before", "after"), pair, strict=True)
    ]
    witness = alpha(RatingTable.from_answers(answers), "nominal", seed=1, replicates=10)
    assert isinstance(witness, Estimate)
    found = figures(computed(repeated))
    assert found["raw"].value == pytest.approx(same / 6)
    assert found["alpha"].value == pytest.approx(witness.value)
    assert (found["alpha"].units, found["alpha"].ratings, found["alpha"].raters) == (6, 12, 1)
    assert set(found) == {"alpha", "ac1", "raw"}
    assert set(figures(computed(repeated), "coherence")) == {"alpha", "ac2", "raw"}


def test_where_nothing_came_back_there_is_no_such_scope(world: World) -> None:
    rate_next(world.study, world.ada)
    assert not figures(computed(world))


def test_the_researcher_reads_it_and_one_who_rates_herself_never_does(repeated: World, signed_in: SignIn) -> None:
    computed(repeated)
    address = reverse("agreement", args=[repeated.study.slug])
    html = signed_in(repeated.rosa).get(address, {"scope": RETEST}).content.decode()
    assert "Each rater with herself, on latents that came back" in html
    assert "Beyond chance raters repeat themselves at" in html
    assert (
        "Raters with themselves"
        in signed_in(repeated.rosa)
        .get(reverse("agreement_item", args=[repeated.study.slug, "concept"]))
        .content.decode()
    )
    add_member(
        study=repeated.study, user=repeated.rosa, role=Role.ANNOTATOR, institution=repeated.north, by=None, now=DUE
    )
    for where in (address, reverse("agreement_item", args=[repeated.study.slug, "concept"])):
        assert "with herself" not in signed_in(repeated.rosa).get(where).content.decode()
