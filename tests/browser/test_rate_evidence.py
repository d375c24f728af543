"""Words of the snippets as evidence: by mouse, by thumb, by keys; kept in the draft and in the rating."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotation.models import Draft, Rating, Snippet
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

Open = Callable[[BrowserContext], Page]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def open_page(world: World, live_server: LiveServer) -> Iterator[Open]:
    pages: list[Page] = []

    def opened(context: BrowserContext) -> Page:
        enter(context, live_server.url, world.ada)
        page = context.new_page()
        page.goto(live_server.url + reverse("rate", args=[world.study.slug]))
        pages.append(page)
        return page

    yield opened
    for page in pages:  # A draft on its way when the tables are emptied would meet them locked.
        saved(page)


def text_of(page: Page, number: int) -> Locator:
    return page.locator("[data-words]").nth(number)


def word(text: Locator, name: str) -> Locator:
    """A word as an element: it becomes one when something points at the text."""
    text.dispatch_event("pointerover")
    return text.locator(".word", has_text=re.compile(f"^{name}$"))


def chips(page: Page) -> Locator:
    return page.get_by_role("list", name="Attached words").get_by_role("listitem")


def attached(page: Page) -> list[str]:
    return [chip.locator(".chip-words").inner_text() for chip in chips(page).all()]


def saved(page: Page) -> None:
    expect(page.locator("[data-save-state]")).to_have_text(re.compile(r"saved \d\d:\d\d|no answers yet"))


def drag(page: Page, first: Locator, last: Locator) -> None:
    for place, act in ((first, page.mouse.down), (last, page.mouse.up)):
        box = place.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + (2 if place is first else box["width"] - 2), box["y"] + box["height"] / 2)
        act()


def evidence_in_words(places: list[dict[str, int]]) -> list[str]:
    """The characters that stored evidence points at, cut from the note itself."""
    found = []
    for place in places:
        snippet = Snippet.objects.select_related("document").get(pk=place["snippet"])
        found.append(snippet.document.text[snippet.start + place["start"] : snippet.start + place["end"]])
    return found


def test_a_click_attaches_a_word_and_another_takes_it_off(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    expect(page.get_by_text("Click words in the snippets")).to_be_visible()
    word(text_of(page, 1), "ward").click()
    expect(chips(page)).to_have_count(1)
    expect(chips(page)).to_contain_text("“ward” Strongest 2")
    expect(word(text_of(page, 1), "ward")).to_have_class(re.compile("word-evidence"))
    word(text_of(page, 1), "ward").click()
    expect(chips(page)).to_have_count(0)
    expect(page.locator("[data-said]")).to_have_text("Taken off. 0 attached.")


def test_a_drag_attaches_all_words_that_it_passes_and_what_overlaps_becomes_one(
    context: BrowserContext, open_page: Open
) -> None:
    page = open_page(context)
    text = text_of(page, 0)
    drag(page, word(text, "seen"), word(text, "the"))
    expect(chips(page)).to_have_count(1)
    assert attached(page) == ["“seen on the”"]
    drag(page, word(text, "the"), word(text, "ward"))
    assert attached(page) == ["“seen on the ward”"]
    word(text, "recorded").click()
    assert attached(page) == ["“seen on the ward”", "“recorded”"]


def test_a_chip_leads_to_its_words_and_its_button_takes_it_off(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    word(text_of(page, 7), "ward").click()
    chips(page).get_by_role("link").click()
    expect(text_of(page, 7)).to_be_focused()
    expect(text_of(page, 7)).to_be_in_viewport()
    page.get_by_role("button", name="Take off “ward”, Strongest 8").click()
    expect(chips(page)).to_have_count(0)
    expect(page.get_by_label("Why?")).to_be_focused()


def test_evidence_is_in_the_draft_comes_back_after_a_reload_and_points_at_the_words_of_the_note(
    context: BrowserContext, open_page: Open
) -> None:
    page = open_page(context)
    drag(page, word(text_of(page, 0), "seen"), word(text_of(page, 0), "ward"))
    word(text_of(page, 3), "recorded").click()
    saved(page)
    assert Draft.objects.get().answers["evidence"]
    page.reload()
    assert attached(page) == ["“seen on the ward”", "“recorded”"]
    expect(text_of(page, 0).locator(".word-evidence.word-first")).to_have_text("seen")
    page.get_by_role("button", name="Cannot tell from these snippets").click()
    expect(page.get_by_text("2 of 6", exact=True)).to_be_visible()
    assert evidence_in_words(Rating.objects.get().evidence) == ["seen on the ward", "recorded"]
    expect(chips(page)).to_have_count(0)


def test_arrows_and_shift_choose_words_and_enter_attaches_them_without_sending_the_form(
    context: BrowserContext, open_page: Open
) -> None:
    page = open_page(context)
    press(page, "j")
    expect(text_of(page, 0)).to_be_focused()
    press(page, "Home", "ArrowRight", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
    expect(page.locator("[data-said]")).to_have_text(re.compile("seen on the"))
    press(page, "Enter")
    assert attached(page) == ["“seen on the”"]
    press(page, "End")
    press(page, "Space")
    assert len(attached(page)) == 2
    press(page, "Space")
    assert attached(page) == ["“seen on the”"]
    expect(page.locator("[data-missing]")).to_be_empty()
    assert not Rating.objects.exists()
    press(page, "Shift+ArrowLeft")
    press(page, "Escape")
    expect(page.locator(".word-chosen")).to_have_count(0)


def test_the_twenty_first_place_is_refused_with_a_sentence(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    for number in range(7):
        for name in ("seen", "ward", "recorded"):
            word(text_of(page, number), name).click()
    expect(chips(page)).to_have_count(20)
    expect(page.locator("[data-said]")).to_have_text("20 is the most. Take one off first.")


def test_a_tap_begins_and_a_tap_ends_on_a_phone(new_context: Callable[..., BrowserContext], open_page: Open) -> None:
    page = open_page(new_context(**PHONE))
    expect(page.get_by_text("Tap a word in a snippet")).to_be_attached()
    text = text_of(page, 0)
    word(text, "seen").tap()
    expect(page.locator(".word-begun")).to_have_text("seen")
    expect(chips(page)).to_have_count(0)
    word(text, "ward").tap()
    assert attached(page) == ["“seen on the ward”"]
    word(text, "recorded").tap()
    word(text, "recorded").tap()
    assert attached(page) == ["“seen on the ward”", "“recorded”"]
    word(text, "the").tap()
    assert attached(page) == ["“recorded”"]
    word(text_of(page, 1), "seen").tap()
    word(text_of(page, 2), "ward").tap()
    expect(page.locator(".word-begun")).to_have_text("ward")
    assert attached(page) == ["“recorded”"]
    saved(page)
    assert evidence_in_words(json.loads(Draft.objects.get().answers["evidence"])) == ["recorded"]


def test_letters_outside_the_basic_plane_do_not_shift_the_offsets(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    text = text_of(page, 0)
    text.evaluate("text => text.replaceChildren('🩺 K 5.9 mmol/l, 𝛽-blocker stopped')")
    drag(page, word(text, "K"), word(text, r"5\.9"))
    word(text, "stopped").click()
    assert attached(page) == ["“K 5.9”", "“stopped”"]
    whole = "🩺 K 5.9 mmol/l, 𝛽-blocker stopped"
    places = page.evaluate("JSON.parse(document.querySelector('[name=evidence]').value)")
    assert [whole[place["start"] : place["end"]] for place in places] == ["K 5.9", "stopped"]


def test_dragging_across_two_snippets_attaches_nothing(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    drag(page, word(text_of(page, 0), "seen"), word(text_of(page, 1), "ward"))
    expect(chips(page)).to_have_count(0)


def test_a_sheet_that_is_swapped_in_wakes_up(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    word(text_of(page, 0), "seen").click()
    saved(page)
    html = page.request.get(page.url).text()
    page.evaluate(
        """html => {
          const main = document.querySelector("main");
          main.innerHTML = new DOMParser().parseFromString(html, "text/html").querySelector("main").innerHTML;
          document.dispatchEvent(new CustomEvent("consilium:sheet", { detail: { root: main } }));
        }""",
        html,
    )
    assert attached(page) == ["“seen”"]
    word(text_of(page, 0), "ward").click()
    assert attached(page) == ["“seen”", "“ward”"]
    expect(page.locator("a[data-context]").first).to_have_attribute("aria-expanded", "false")
