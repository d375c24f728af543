"""The reader's walk in real Chromium: by keyboard, interrupted, and without JavaScript."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotation.models import Draft, Reading, ReadingSlot
from tests import reading_world
from tests import world as worlds
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.reading_world import ReadWorld, truth

SAVED = re.compile(r"saved \d\d:\d\d")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(transactional_db: None) -> ReadWorld:
    return reading_world.asked(worlds.build())


def open_page(asked: ReadWorld, site: str, context: BrowserContext, name: str = "read") -> Page:
    enter(context, site, asked.eva)
    page = context.new_page()
    page.goto(site + reverse(name, args=[asked.world.study.slug]))
    return page


def held() -> ReadingSlot:
    return ReadingSlot.objects.get(state="leased")


def test_a_rationale_is_read_by_keyboard_alone(
    asked: ReadWorld, live_server: LiveServer, context: BrowserContext
) -> None:
    page = open_page(asked, live_server.url, context, "rate")
    press(page, "n")
    expect(page.get_by_role("heading", name="Where should it fire?")).to_be_visible()
    slot = held()
    expect(page.get_by_role("heading", name=slot.rating.concept.name)).to_be_visible()
    expect(page.get_by_text(slot.rating.rationale)).to_be_visible()
    expect(page.locator("mark, .fire")).to_have_count(0)
    fires = truth(slot.snippets)
    for place, snippet in enumerate(slot.snippets, start=1):
        press(page, "1" if fires[snippet] else "2")
        expect(page.locator("[data-answered-of]")).to_have_text(f"{place} of 20")
    expect(page.locator("[data-save-state]")).to_have_text(SAVED)
    press(page, "Escape")
    page.locator("body").press("Enter")
    expect(page.get_by_text(re.compile(r"Saved \d\d:\d\d\. Thank you\."))).to_be_visible()
    assert Reading.objects.get().balanced_accuracy == 1
    assert not Draft.objects.exists()
    expect(page.get_by_text("2 of 6", exact=True)).to_be_visible()


def test_what_is_missing_is_said_and_nothing_is_sent(
    asked: ReadWorld, live_server: LiveServer, context: BrowserContext
) -> None:
    page = open_page(asked, live_server.url, context)
    press(page, "1")
    page.get_by_role("button", name="Submit reading").click()
    missing = page.locator("[data-missing]")
    expect(missing).to_contain_text("Snippet 2")
    expect(missing).not_to_contain_text("Snippet 1,")
    expect(page.locator("[data-save-state]")).to_have_text(SAVED)
    assert not Reading.objects.exists()


def test_a_reading_goes_on_where_it_was_left(
    asked: ReadWorld, live_server: LiveServer, context: BrowserContext
) -> None:
    page = open_page(asked, live_server.url, context)
    press(page, "1", "2", "1")
    expect(page.locator("[data-save-state]")).to_have_text(SAVED)
    page.close()
    again = open_page(asked, live_server.url, context, "rate")
    again.get_by_role("link", name="Read a rationale").click()
    expect(again.locator("[data-answered-of]")).to_have_text("3 of 20")
    first, second = held().snippets[:2]
    expect(again.locator(f"input[name=snippet-{first}][value=fires]")).to_be_checked()
    expect(again.locator(f"input[name=snippet-{second}][value=silent]")).to_be_checked()


def test_without_javascript_a_reading_is_taken_and_what_is_missing_is_told(
    asked: ReadWorld, live_server: LiveServer, browser: Browser
) -> None:
    """In a context of its own, whose console nobody reads: the answer 422 is an error there."""
    context = browser.new_context(java_script_enabled=False)
    try:
        page = open_page(asked, live_server.url, context)
        slot = held()
        for snippet in slot.snippets[:-1]:
            page.locator(f"input[name=snippet-{snippet}][value=fires]").check(force=True)
        page.get_by_role("button", name="Submit reading").click()
        expect(page.get_by_role("alert")).to_contain_text("Snippet 20 has no answer yet.")
        expect(page.locator("input[value=fires]:checked")).to_have_count(19)
        page.locator(f"input[name=snippet-{slot.snippets[-1]}][value=silent]").check(force=True)
        page.get_by_role("button", name="Submit reading").click()
        expect(page.get_by_text(re.compile(r"Saved \d\d:\d\d"))).to_be_visible()
        assert len(Reading.objects.get().judgements) == 20
    finally:
        context.close()


def test_a_reader_s_page_fits_a_phone_and_its_answers_a_thumb(
    asked: ReadWorld, live_server: LiveServer, context: BrowserContext
) -> None:
    page = open_page(asked, live_server.url, context)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for box in (option.bounding_box() for option in page.locator(".read-snippet .option").all()):
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
