"""Every page for everybody: no violation of WCAG 2.2 AA, light and dark, wide and narrow, zoomed in, without motion."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotation.actions.rounds import close_round
from annotation.models import User
from tests.browser.axe import as_lines, violations
from tests.browser.enter import enter
from tests.browser.every_page import NO_PAGES, ONLY_SENT_TO, SCENES
from tests.browser.fingers import too_small
from tests.integration.views.test_trials import answer, fired
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)
NewContext = Callable[..., BrowserContext]

QUICK = {"raters"}
"""The scene that `make test` visits, too: where a rater spends her time."""
WIDE, NARROW = pytest.param((1440, 900), id="wide"), pytest.param((390, 844), id="narrow", marks=pytest.mark.walks)
PHONE = 500
"""Narrower than that, a page is looked at as on a telephone: what a finger must hit is as large as its tip."""
REFLOW, ZOOMED = 320, 720
"""Widths in CSS pixels of a screen of 1280 at 400 %, and of one of 1440 at 200 %."""
OF_COLOURS = ("color-contrast", "link-in-text-block")
UNFOLD = """() => {
    document.querySelectorAll("main details").forEach(part => { part.open = true });
    document.querySelectorAll(".action-bar").forEach(bar => { bar.style.position = "static" });
}"""
"""Everything folded is open, and the bar that ends a form stands at its end: what it covers depends on how far one
has scrolled."""
SEND = "part => part.form ? part.form.requestSubmit(part) : part.submit()"
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BROKEN = """<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1><input>
<p style="color: #bbb; background: #fff">Too pale to be read.</p>
<button style="all: unset; width: 9px; height: 9px">a</button>
<button style="all: unset; width: 9px; height: 9px">b</button>
</main></html>"""


def addresses(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns)
        else:
            assert pattern.name, f"{pattern} has no name."
            yield pattern


ADDRESSES = {str(pattern.name): pattern for pattern in addresses(get_resolver().url_patterns)}


def test_every_address_is_a_page_that_is_walked_or_is_said_to_be_none() -> None:
    walked = {visit.name for scene in SCENES.values() for visit in scene.visits if visit.status == 200} | {"trial"}
    assert ADDRESSES.keys() == walked | NO_PAGES.keys() | ONLY_SENT_TO


def test_what_only_takes_forms_shows_no_page() -> None:
    for name in ONLY_SENT_TO:
        parts = dict.fromkeys(ADDRESSES[name].pattern.converters, 1) | {"slug": "hearts"}
        assert ADDRESSES[name].callback(RequestFactory().get("/"), **parts).status_code == 405, name


def test_the_check_finds_what_is_broken(page: Page) -> None:
    page.set_content(BROKEN)
    rules = {line.partition(":")[0] for line in violations(page)}
    assert rules == {"color-contrast", "label", "target-size"}


@pytest.fixture
def browser_of(live_server: LiveServer, new_context: NewContext) -> Callable[[str, tuple[int, int]], BrowserContext]:
    """A browser in which the person is signed in, the same one for all her pages."""
    kept: dict[str, BrowserContext] = {}

    def of(who: str, size: tuple[int, int]) -> BrowserContext:
        if who not in kept:
            hand: dict[str, Any] = {"has_touch": True, "is_mobile": True} if size[0] < PHONE else {}
            kept[who] = new_context(viewport={"width": size[0], "height": size[1]}, **hand)
            if who:
                enter(kept[who], live_server.url, User.objects.get(email=f"{who}@hospital.example"))
        return kept[who]

    return of


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize(
    "scene", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.walks) for name in SCENES]
)
def test_no_page_breaks_a_rule(
    transactional_db: None,
    live_server: LiveServer,
    scene: str,
    size: tuple[int, int],
    browser_of: Callable[[str, tuple[int, int]], BrowserContext],
    complaints: list[str],
) -> None:
    facts = SCENES[scene].fill(SCENES[scene].begin())
    found = {}
    for visit in SCENES[scene].visits:
        page = browser_of(visit.who, size).new_page()
        answered = page.goto(live_server.url + visit.path(facts))
        if visit.sent:
            with page.expect_navigation() as sending:
                page.locator(visit.sent).first.evaluate(SEND)
            answered = sending.value
        assert answered is not None
        assert answered.status == visit.status, f"{visit} answered {answered.status}."
        found[str(visit)] = checked(page)
        page.close()
        complaints[:] = [heard for heard in complaints if visit.status < 400 or str(visit.status) not in heard]
    assert not any(found.values()), as_lines(found)


@pytest.mark.walks
@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_a_tried_text_breaks_no_rule(
    world: World,
    live_server: LiveServer,
    size: tuple[int, int],
    browser_of: Callable[[str, tuple[int, int]], BrowserContext],
) -> None:
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    page = browser_of("rosa", size).new_page()
    page.goto(live_server.url + reverse("try_text", args=[world.study.slug]))
    page.get_by_role("textbox").first.fill("Chest pain since Monday")
    page.get_by_role("button", name=re.compile("Try|Show|Send")).first.click()
    expect(page).to_have_url(re.compile(r"/try/[0-9a-f]{32}/$"))
    waiting = checked(page)
    answer(page.url.rstrip("/").rpartition("/")[2], fired(4.0, 2.0, words="Chest pain since Monday"))
    page.reload()
    expect(page.locator("main")).to_contain_text("Chest")
    assert (waiting, checked(page)) == ([], [])


def checked(page: Page) -> list[str]:
    """All rules in the light, all unfolded; those of colours in the dark; its title; and what the screen cuts off."""
    page.emulate_media(color_scheme="light")
    page.evaluate(UNFOLD)
    light = violations(page)
    page.emulate_media(color_scheme="dark")
    dark = [f"dark, {line}" for line in violations(page, *OF_COLOURS)]
    titles = page.locator("h1").count()
    return [*light, *dark, *([] if titles == 1 else [f"{titles} h1"]), *too_wide(page), *for_a_finger(page)]


def for_a_finger(page: Page) -> list[str]:
    size = page.viewport_size
    assert size is not None
    return [f"too small, {line}" for line in too_small(page)] if size["width"] < PHONE else []


def too_wide(page: Page) -> list[str]:
    """Nothing runs out of the screen sideways, as it is and zoomed in."""
    size = page.viewport_size
    assert size is not None
    found = []
    for width in (size["width"], ZOOMED, REFLOW):
        page.set_viewport_size({"width": width, "height": size["height"]})
        if beyond := page.evaluate(BEYOND):
            found.append(f"{beyond} px wider than a screen of {width} px")
    page.set_viewport_size(size)
    return found
