"""Agreement on one item: by version, round and institution, between two raters, on which latents, over calibration."""

from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.results import compute_results
from annotation.models import Agreement, LatentAgreement, PairAgreement, ResultRun, User
from annotation.queries.agreement_figures import pair_table
from annotation.views import agreement_words as said
from annotation.views.drawing.figures import decimal
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]


@pytest.fixture
def rated(world: World) -> World:
    """Ada and Ben agree on four latents of six."""
    for rater in (world.ada, world.ben):
        place = 0
        while rate_next(world.study, rater, concept="chest pain" if rater == world.ada or place < 4 else "troponin"):
            place += 1
    compute_results(study_id=world.study.pk, now=NOW)
    return world


def page(client: Client, world: World, item: str = "concept") -> str:
    response = client.get(reverse("agreement_item", args=[world.study.slug, item]))
    assert response.status_code == 200
    return unescape(" ".join(response.content.decode().split()))


def run(world: World) -> ResultRun:
    return ResultRun.objects.get(study=world.study)


def add(world: World, scope: str, value: float | None, *, level: str = "nominal", **fields: object) -> None:
    plain = {"item": "concept", "coefficient": "alpha", "units": 12, "ratings": 24, "raters": 2}
    missing = "" if value is not None else "Every rating is the same."
    Agreement.objects.create(
        run=run(world), scope=scope, value=value, level=level, undefined_reason=missing, **{**plain, **fields}
    )


def pair(world: World, first: str, second: str, kappa: float | None, *, item: str = "concept", n: int = 6) -> None:
    PairAgreement.objects.create(
        run=run(world),
        item=item,
        first=first,
        second=second,
        latents=n,
        raw=None if kappa is None else 0.5,
        kappa=kappa,
        undefined_reason="" if kappa is not None else "They have no latent in common.",
    )


def test_alpha_stands_beside_itself_between_and_within_institutions(rated: World, signed_in: SignIn) -> None:
    text = page(signed_in(rated.rosa), rated)
    forest = text[text.index("Over which ratings") : text.index("Between two raters")]
    for words in ("All ratings", "Between institutions", "Within North Hospital", "Within South Hospital"):
        assert words in forest
    assert "Undefined:" in forest  # one rater a hospital has nobody to agree with


def test_one_version_and_one_round_are_not_shown_beside_all_ratings(rated: World, signed_in: SignIn) -> None:
    assert "Round 1" not in page(signed_in(rated.rosa), rated)
    add(rated, "round:2", 0.4)
    text = page(signed_in(rated.rosa), rated)
    assert "Round 1" in text
    assert "Round 2" in text


def test_pairs_are_drawn_by_pseudonym_with_figure_and_n(rated: World, signed_in: SignIn) -> None:
    pair(rated, "R11", "R12", 0.44)
    pair(rated, "R11", "R13", None, n=0)
    text = page(signed_in(rated.rosa), rated)
    drawn = text[text.index('class="plot pairs"') : text.index("Most contested")]
    assert "R11 and R12: κ 0.44, 6 latents" in drawn
    assert "They have no latent in common." in drawn
    assert "n 6" in drawn
    assert "Ada" not in drawn


def test_the_contested_latents_come_least_agreed_first_with_what_was_said(rated: World, signed_in: SignIn) -> None:
    rows = LatentAgreement.objects.filter(item="concept", raw__lt=1).order_by("beyond_chance", "latent__position")
    text = page(signed_in(rated.rosa), rated)
    table = text[text.index("Most contested latents</h2>") :]
    places = [table.index(f"Latent {row.latent.latent.index}<") for row in rows]
    assert len(places) == 2
    assert places == sorted(places)
    assert "chest pain <strong>1</strong>, troponin <strong>1</strong>" in table


def test_near_misses_and_names_as_typed_are_shown_where_there_are_any(rated: World, signed_in: SignIn) -> None:
    client = signed_in(rated.rosa)
    assert "Near misses" not in page(client, rated)
    plain = Agreement.objects.get(item="concept", scope="all", coefficient="alpha").value
    assert plain is not None
    add(rated, "all", plain + 0.15, level="hierarchy")
    add(rated, "as-typed", 0.3)
    text = page(client, rated)
    assert f"takes α from {decimal(plain)} to {decimal(plain + 0.15)}: part of the disagreement is about" in text
    assert "As typed, before merges" in text


def test_calibration_sets_are_drawn_in_their_order_with_a_table(rated: World, signed_in: SignIn) -> None:
    client = signed_in(rated.rosa)
    assert "Over calibration sets" not in page(client, rated)
    add(rated, "calibration:1", 0.2, low=0.1, high=0.3)
    add(rated, "calibration:2", None)
    add(rated, "calibration:10", 0.5, low=0.4, high=0.6)
    text = page(client, rated)
    course = text[text.index("Over calibration sets") :]
    assert "From set 1 to set 10 α went from 0.20 to 0.50: raters came closer to each other." in course
    assert course.index("Set 1<") < course.index("Set 2<") < course.index("Set 10<")
    assert "Undefined: Every rating is the same." in course


def test_an_item_without_figures_is_not_found(rated: World, signed_in: SignIn) -> None:
    address = reverse("agreement_item", args=[rated.study.slug, "gone"])
    assert signed_in(rated.rosa).get(address).status_code == 404


@pytest.mark.parametrize("who", ["ada", "cora", "nora"])
def test_whom_it_would_unblind_is_refused(rated: World, signed_in: SignIn, who: str) -> None:
    response = signed_in(getattr(rated, who)).get(reverse("agreement_item", args=[rated.study.slug, "concept"]))
    assert response.status_code == 403
    assert "κ" not in response.content.decode()


def test_a_rater_who_stands_apart_is_named(rated: World) -> None:
    for first, second, kappa in (("R01", "R02", 0.8), ("R01", "R03", 0.75), ("R02", "R03", 0.8)):
        pair(rated, first, second, kappa, item="other")
    assert "Nobody stands out" in said.pairs_in_words(pair_table(run(rated), item="other"))
    for name in ("R01", "R02", "R03"):
        pair(rated, name, "R04", 0.1, item="other")
    sentence = said.pairs_in_words(pair_table(run(rated), item="other"))
    assert "R04 agrees least with the others (κ 0.10 on average" in sentence


def test_of_many_raters_the_pairs_at_both_ends_are_listed(rated: World) -> None:
    names = [f"R{number:02d}" for number in range(1, 24)]
    for place, first in enumerate(names):
        for other, second in enumerate(names[place + 1 :]):
            pair(rated, first, second, (place + other) / 50, item="other")
    table = pair_table(run(rated), item="other")
    assert (table.raters, table.total, table.whole) == (23, 253, False)
    kappas = [row.kappa for row in table.pairs if row.kappa is not None]
    assert len(kappas) == 20
    assert kappas == sorted(kappas)
    assert (kappas[0], kappas[-1]) == (0.0, 0.42)
