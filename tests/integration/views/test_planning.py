"""How many raters and latents it takes: asked for, drawn by the worker from a pilot, shown with what it costs."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from annotation.actions.people import add_member
from annotation.actions.planning import TASK, ask_for_plan, make_plan
from annotation.actions.results import compute_results
from annotation.enums import Role
from annotation.models import ResultRun, User
from annotation.queries.study_plan import Size, StudyPlan, keep_plan, plan_digest, stored_plan
from annotation.queries.work_cost import Pace
from annotation.rules.refusal import Refused
from annotation.views.planning import grid, in_words
from tests import results_world
from tests.broker import empty, waiting
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]
PACE = Pace(seconds=40, ratings=90, hourly_rate=None, currency="EUR")
WISH = {"item": "concept", "width": "0.2", "pool": "4"}
MADE_UP = StudyPlan(
    alpha=0.4,
    low=0.25,
    high=0.55,
    latents=24,
    raters=6,
    simulations=40,
    sizes=(
        Size(raters=3, latents=50, width=0.24, error=0.003, low=0.2, high=0.27),
        Size(raters=3, latents=100, width=0.17, error=0.004, low=0.15, high=0.19),
        Size(raters=5, latents=50, width=0.19, error=0.003, low=0.17, high=0.21),
        Size(raters=5, latents=25, width=None, reason="Too few latents."),
    ),
)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    cache.clear()
    empty("web")
    yield
    cache.clear()
    empty("web")


@pytest.fixture
def rated(world: World) -> World:
    while rate_next(world.study, world.ada):
        pass
    while rate_next(world.study, world.ben, concept="troponin"):
        pass
    compute_results(study_id=world.study.pk, now=NOW)
    return world


def keep(plan: StudyPlan = MADE_UP, *, pool: int = 4) -> None:
    keep_plan(plan_digest(ResultRun.objects.get(), item="concept", pool=pool), plan)


def page(client: Client, **wish: Any) -> str:
    response = client.get(reverse("planning", args=["hearts"]), wish)
    assert response.status_code == 200
    return unescape(" ".join(response.content.decode().split()))


def test_the_page_offers_what_the_study_has(rated: World, signed_in: SignIn) -> None:
    text = page(signed_in(rated.rosa))
    assert '<option value="concept" selected>Concept</option>' in text
    assert 'name="pool" value="2"' in text
    assert "Say how close you wish to know it" in text


@pytest.mark.django_db(transaction=True)
def test_a_wish_is_sent_to_the_worker_once_and_the_page_waits_for_it(rated: World, signed_in: SignIn) -> None:
    empty("web")
    client = signed_in(rated.rosa)
    for _ in range(2):
        response = client.post(reverse("ask_plan", args=["hearts"]), WISH)
        assert response.status_code == 303
    assert [m.keywords for m in waiting("web") if m.task == TASK] == [
        {"study_id": rated.study.pk, "item": "concept", "pool": 4}
    ]
    text = unescape(" ".join(client.get(response["Location"]).content.decode().split()))
    assert "Being drawn" in text
    assert f'hx-get="{reverse("planning_progress", args=["hearts"])}?' in text


def test_the_bar_asks_for_itself_until_the_plan_is_there(rated: World, signed_in: SignIn) -> None:
    client, address = signed_in(rated.rosa), reverse("planning_progress", args=["hearts"])
    waits = client.get(address, WISH)
    assert "hx-get" in waits.content.decode()
    keep()
    assert client.get(address, WISH)["HX-Refresh"] == "true"


def test_the_cheapest_plan_is_said_with_what_it_costs(rated: World, signed_in: SignIn) -> None:
    keep()
    text = page(signed_in(rated.rosa), **WISH)
    assert "The cheapest that reaches 0.20: 5 raters on each of 50 latents: 250 ratings, about" in text
    assert "in four of five such studies it is 0.17 to 0.21" in text
    assert "α 0.40 [0.25, 0.55], 24 latents, 6 raters" in text
    assert text.count("reaches the wish:") == 2


def test_another_width_chooses_anew_without_drawing_again(rated: World, signed_in: SignIn) -> None:
    keep()
    client = signed_in(rated.rosa)
    assert "3 raters on each of 50 latents" in page(client, **WISH | {"width": "0.3"})
    text = page(client, **WISH | {"width": "0.05"})
    assert "No size that was tried reaches 0.05. 3 raters on 100 latents come nearest, with 0.17" in text


def test_money_is_said_where_the_study_pays() -> None:
    paid = Pace(seconds=36, ratings=10, hourly_rate=Decimal(60), currency="EUR")
    assert "about 2 h 30 min of rating, EUR 150.00" in in_words(MADE_UP, 0.2, paid)
    assert "EUR" not in in_words(MADE_UP, 0.2, PACE)


def test_the_grid_holds_every_size_and_marks_the_cheapest_alone() -> None:
    rows = grid(MADE_UP, 0.2)
    assert [row.raters for row in rows] == [3, 5]
    cheapest = [cell.size for row in rows for cell in row.cells if cell.cheapest]
    assert cheapest == [MADE_UP.sizes[2]]
    reaching = [cell.size for row in rows for cell in row.cells if cell.reaches]
    assert reaching == [MADE_UP.sizes[1], MADE_UP.sizes[2]]


def test_a_pilot_that_is_too_small_says_why(rated: World, signed_in: SignIn) -> None:
    found = make_plan(study_id=rated.study.pk, item="concept", pool=4)
    assert found is not None
    assert found.reason
    assert found.reason in page(signed_in(rated.rosa), **WISH)


def test_a_plan_is_drawn_from_a_real_pilot_and_kept(db: None) -> None:
    world = results_world.rated_study(sample=12)
    key = plan_digest(ResultRun.objects.get(), item="category", pool=3)
    assert stored_plan(key) is None
    found = make_plan(study_id=world.study.pk, item="category", pool=3)
    assert found is not None
    assert stored_plan(key) == found
    assert {size.raters for size in found.sizes} == {2, 3}
    widths = {(size.raters, size.latents): size.width for size in found.sizes}
    few, many = widths[3, 50], widths[3, 400]
    assert few is not None
    assert many is not None
    assert many < few  # more latents, a narrower interval


def test_ratings_that_the_results_lack_are_waited_for(rated: World) -> None:
    rated.study.refresh_from_db()
    ResultRun.objects.update(seen={"rating": 0})
    assert make_plan(study_id=rated.study.pk, item="concept", pool=4) is None
    assert stored_plan(plan_digest(ResultRun.objects.get(), item="concept", pool=4)) is None


@pytest.mark.parametrize(("item", "pool"), [("concept", 1), ("concept", 500), ("misfits", 4), ("gone", 4)])
def test_a_wish_that_cannot_be_is_refused(rated: World, item: str, pool: int) -> None:
    with pytest.raises(Refused):
        ask_for_plan(study=rated.study, item=item, pool=pool, by=rated.rosa)


def test_what_is_wrong_stands_beside_its_field(rated: World, signed_in: SignIn) -> None:
    text = page(signed_in(rated.rosa), **WISH | {"width": "7"})
    assert "less than or equal to 1.5" in text
    assert "Being drawn" not in text


def test_without_ratings_there_is_no_pilot(world: World, signed_in: SignIn) -> None:
    assert "No pilot yet" in page(signed_in(world.rosa))


@pytest.mark.parametrize("who", ["ada", "cora", "nora"])
def test_whom_it_would_unblind_is_refused(rated: World, signed_in: SignIn, who: str) -> None:
    client = signed_in(getattr(rated, who))
    assert client.get(reverse("planning", args=["hearts"])).status_code == 403
    assert client.post(reverse("ask_plan", args=["hearts"]), WISH).status_code == 403
    assert client.get(reverse("planning_progress", args=["hearts"]), WISH).status_code == 403


def test_a_researcher_who_may_yet_rate_is_refused(rated: World, signed_in: SignIn) -> None:
    add_member(study=rated.study, user=rated.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    assert signed_in(rated.ada).get(reverse("planning", args=["hearts"])).status_code == 403
