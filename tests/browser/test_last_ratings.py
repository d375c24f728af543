"""A second thought in a real browser: from the rating page to the last ten, and back with a revision."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotation.models import Decline, Rating
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.world import World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def rating(world: World) -> Rating:
    given = rate_next(world.study, world.ada, concept="troponin")
    assert given is not None
    return given


@pytest.fixture
def page(rating: Rating, world: World, live_server: LiveServer, context: BrowserContext) -> Iterator[Page]:
    enter(context, live_server.url, world.ada)
    page = context.new_page()
    page.goto(live_server.url + reverse("rate", args=[world.study.slug]))
    yield page
    page.goto("about:blank")


def test_she_revises_by_keys_alone(page: Page, rating: Rating) -> None:
    press(page, "y")
    expect(page.get_by_role("heading", name="Your last ten ratings")).to_be_visible()
    page.get_by_role("link", name="Revise “troponin”").focus()
    press(page, "Enter")
    concept = page.get_by_label("What do the highlighted words share?")
    expect(concept).to_have_value("troponin")
    press(page, "c")
    press(page, "Control+A")
    page.keyboard.type("troponin rise")
    press(page, "Escape")
    press(page, "Enter")
    expect(page.locator(".missing")).to_contain_text("Why do you change it?")
    page.get_by_label("Why do you change it?").fill("The note says that it rose.")
    press(page, "Control+Enter")
    expect(page.get_by_text("The first stays on record.")).to_be_visible()
    expect(page.get_by_text("troponin rise", exact=True)).to_be_visible()
    assert list(Rating.objects.order_by("revision").values_list("concept__name", "reason")) == [
        ("troponin", ""),
        ("troponin rise", "The note says that it rose."),
    ]


def test_on_a_phone_every_way_is_in_sight(rating: Rating, world: World, live_server: LiveServer, browser: Any) -> None:
    context = browser.new_context(**PHONE)
    enter(context, live_server.url, world.ada)
    page = context.new_page()
    page.goto(live_server.url + reverse("last_ratings", args=[world.study.slug]))
    link = page.get_by_role("link", name="Revise “troponin”")
    box = link.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 390
    assert box["height"] >= 44
    link.tap()
    expect(page.get_by_role("heading", name="Revise your rating")).to_be_visible()
    page.get_by_role("link", name="Leave it as it is").tap()
    expect(page.get_by_role("heading", name="Your last ten ratings")).to_be_visible()
    context.close()


def test_not_my_field_asks_once_more_and_brings_the_next_latent(page: Page) -> None:
    page.get_by_text("Not my field").click()
    page.get_by_role("button", name="Give it to a colleague").click()
    expect(page.get_by_text("a colleague gets that latent")).to_be_visible()
    expect(page.get_by_role("heading", name="What does this latent stand for?")).to_be_visible()
    assert Decline.objects.count() == 1
