"""Every walk by keyboard alone and by touch, on a laptop, a tablet and a phone. `make test` takes one of the six."""

from collections.abc import Callable
from itertools import product

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotation.models import User
from tests.browser.enter import enter
from tests.browser.walks.hands import Finger, Hand, Keyboard

SIZES = {"laptop": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
HANDS = {"keyboard": Keyboard, "touch": Finger}
QUICK = ("keyboard", "laptop")
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "way" in metafunc.fixturenames:
        ways = [
            pytest.param(way, id="-".join(way), marks=[] if way == QUICK else pytest.mark.walks)
            for way in product(HANDS, SIZES)
        ]
        metafunc.parametrize("way", ways, indirect=True)


@pytest.fixture
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    """(hand, size)."""
    name: tuple[str, str] = request.param
    return name


@pytest.fixture
def hand_of(
    way: tuple[str, str], live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> Callable[[User | None], Hand]:
    """The hand of a person on her home page, or of nobody on the sign-in page."""
    hand, size = way
    width, height = SIZES[size]

    def begin(user: User | None) -> Hand:
        context = new_context(
            viewport={"width": width, "height": height}, has_touch=hand == "touch", is_mobile=size != "laptop"
        )
        if user is not None:
            enter(context, live_server.url, user)
        page = context.new_page()
        page.goto(live_server.url)
        return HANDS[hand](page)

    return begin


def arrived(page: Page, heading: str) -> None:
    """She is on the page of that heading, and it is no wider than the screen."""
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    assert page.evaluate(BEYOND) == 0, f"{page.url} runs out of the screen."
