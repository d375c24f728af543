"""What a finger must hit is large enough, and nothing moves for those who asked for stillness."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from tests.browser.enter import enter
from tests.browser.fingers import FINGER, too_small
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
NewContext = Callable[..., BrowserContext]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TABLET: dict[str, Any] = {"viewport": {"width": 1024, "height": 768}, "has_touch": True, "is_mobile": True}
MOVING = """() => [...document.querySelectorAll("*")].flatMap(one => [null, "::before", "::after"].flatMap(part => {
    const style = getComputedStyle(one, part);
    const seconds = text => Math.max(...text.split(",").map(parseFloat));
    const runs = style.animationName !== "none" && seconds(style.animationDuration) > 0.001;
    const glides = seconds(style.transitionDuration) > 0.001;
    const scrolls = style.scrollBehavior === "smooth";
    return runs || glides || scrolls ? [`${one.tagName}.${one.className} ${part || ""}`] : [];
}))"""


@pytest.fixture
def rating_page(world: World, live_server: LiveServer, new_context: NewContext) -> Callable[..., Page]:
    def opened(**options: Any) -> Page:
        context = new_context(**options)
        enter(context, live_server.url, world.ada)
        page = context.new_page()
        page.goto(live_server.url + reverse("rate", args=[world.study.slug]))
        return page

    return opened


@pytest.mark.parametrize("screen", [PHONE, TABLET], ids=["phone", "tablet"])
def test_everything_on_the_rating_page_is_as_large_as_a_fingertip(
    rating_page: Callable[..., Page], screen: dict[str, Any]
) -> None:
    page = rating_page(**screen)
    assert too_small(page, least=5 * FINGER) != []  # it does look
    assert too_small(page) == []
    page.evaluate("document.querySelectorAll('main details').forEach(part => { part.open = true })")
    assert too_small(page) == []


def test_nothing_moves_for_who_asked_for_stillness(rating_page: Callable[..., Page]) -> None:
    page = rating_page(reduced_motion="no-preference")
    assert page.evaluate(MOVING) != []
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVING) == []
