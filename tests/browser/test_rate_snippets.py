"""What is said of single snippets, the wider context, the ways out: by mouse, keys, thumb and without JavaScript."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotation.models import Draft, Rating, SnippetReport
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.world import World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)

Open = Callable[[BrowserContext], Page]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def open_page(world: World, live_server: LiveServer) -> Open:
    def opened(context: BrowserContext) -> Page:
        enter(context, live_server.url, world.ada)
        page = context.new_page()
        page.goto(live_server.url + reverse("rate", args=[world.study.slug]))
        return page

    return opened


def snippet(page: Page, number: int) -> Locator:
    return page.locator("[data-snippet]").nth(number)


def fit(page: Page, number: int, name: str) -> Locator:
    return snippet(page, number).get_by_role("radio", name=name, exact=True)


def saved(page: Page) -> None:
    expect(page.locator("[data-save-state]")).to_have_text(re.compile(r"saved \d\d:\d\d"))


def test_j_and_k_step_and_one_letter_says_whether_a_snippet_fits(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    press(page, "j", "f", "j", "d", "j", "u", "k", "k")
    expect(snippet(page, 0).locator("[data-words]")).to_be_focused()
    expect(fit(page, 0, "Fits")).to_be_checked()
    expect(fit(page, 1, "Does not fit")).to_be_checked()
    expect(fit(page, 2, "Unsure")).to_be_checked()
    saved(page)
    press(page, "Escape", "t", "Enter")
    expect(page.get_by_text("2 of 6", exact=True)).to_be_visible()
    assert sorted(Rating.objects.get().fits.values()) == ["does-not-fit", "fits", "unsure"]


def test_the_same_answer_once_more_takes_it_back_by_key_and_by_mouse(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    press(page, "j", "f", "f")
    expect(fit(page, 0, "Fits")).not_to_be_checked()
    fit(page, 3, "Unsure").click()
    expect(fit(page, 3, "Unsure")).to_be_checked()
    fit(page, 3, "Unsure").click()
    expect(fit(page, 3, "Unsure")).not_to_be_checked()
    fit(page, 3, "Unsure").click()
    expect(fit(page, 3, "Unsure")).to_be_checked()
    saved(page)


def test_letters_of_snippets_do_nothing_elsewhere_and_are_silent_in_text(
    context: BrowserContext, open_page: Open
) -> None:
    page = open_page(context)
    press(page, "f", "d", "u", "w", "p")
    page.get_by_label("Why?").fill("")
    page.keyboard.type("f d u w p j k x m q ?")
    expect(page.get_by_label("Why?")).to_have_value("f d u w p j k x m q ?")
    expect(page.locator(".fit :checked")).to_have_count(0)
    expect(page.locator("details[data-fold][open]")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    saved(page)
    press(page, "Escape", "j", "f")
    expect(fit(page, 0, "Fits")).to_be_checked()
    saved(page)


def test_no_letter_of_the_page_is_given_twice(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    page_wide = page.locator("[data-key]:not(.option input)").all()
    of_a_snippet = snippet(page, 0).locator("[data-snippet-key]").all()
    letters = [control.get_attribute("data-key") or "" for control in page_wide]
    letters += [control.get_attribute("data-snippet-key") or "" for control in of_a_snippet]
    letters += ["j", "k"]
    assert len(letters) == len(set(letters)), sorted(letters)


def test_wider_context_opens_in_place_and_esc_closes_it(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    parts = snippet(page, 0).locator(".context-part")
    link = snippet(page, 0).get_by_role("button", name="Wider context")
    expect(link).to_have_attribute("aria-expanded", "false")
    press(page, "j", "w")
    expect(parts.first).to_be_visible()
    expect(link).to_have_attribute("aria-expanded", "true")
    press(page, "Escape")
    expect(parts).to_have_count(0)
    expect(snippet(page, 0).locator("[data-words]")).to_be_focused()
    link.click()
    expect(parts.first).to_be_visible()
    link.click()
    expect(parts).to_have_count(0)


def test_without_a_network_the_wider_context_says_so(
    context: BrowserContext, open_page: Open, complaints: list[str]
) -> None:
    page = open_page(context)
    context.set_offline(True)
    press(page, "j", "w")
    expect(snippet(page, 0)).to_contain_text("cannot be fetched just now")
    context.set_offline(False)
    complaints[:] = [complaint for complaint in complaints if "ERR_INTERNET_DISCONNECTED" not in complaint]


def test_a_second_meaning_is_folded_away_until_it_is_wanted(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    other = page.get_by_label("The other meaning")
    expect(other).to_be_hidden()
    press(page, "m")
    expect(other).to_be_focused()
    page.keyboard.type("mother")
    saved(page)
    page.reload()
    expect(other).to_have_value("mother")
    assert Draft.objects.get().answers["second_concept"] == "mother"


def test_a_report_asks_once_more_hides_the_snippet_in_place_and_leaves_the_answers_alone(
    context: BrowserContext, open_page: Open
) -> None:
    page = open_page(context)
    page.get_by_label("Why?").fill("Half a sentence")
    press(page, "Escape", "j", "j")
    hidden = snippet(page, 1).get_attribute("data-snippet")
    press(page, "p")
    expect(page.get_by_role("button", name="Hide this snippet")).to_be_focused()
    assert not SnippetReport.objects.exists()
    press(page, "Escape")
    expect(page.get_by_role("button", name="Hide this snippet")).to_have_count(0)
    press(page, "p", "Enter")
    expect(page.get_by_text("The snippet is hidden from everyone now")).to_be_visible()
    expect(page.locator(f"[data-snippet='{hidden}']")).to_have_count(0)
    expect(page.get_by_label("Why?")).to_have_value("Half a sentence")
    assert SnippetReport.objects.get().snippet_id == int(str(hidden))
    saved(page)


def test_not_my_field_asks_once_more_and_gives_the_latent_back(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    before = snippet(page, 0).get_attribute("data-snippet")
    press(page, "x")
    give = page.get_by_role("button", name="Give it to a colleague")
    expect(give).to_be_focused()
    press(page, "Escape")
    expect(give).to_be_hidden()
    press(page, "x", "Enter")
    expect(page.locator(f"[data-snippet='{before}']")).to_have_count(0)
    expect(page.get_by_role("heading", name="What does this latent stand for?")).to_be_visible()
    assert not Rating.objects.exists()


def test_pause_goes_home_and_comes_back_to_the_same_latent_with_everything_on_it(
    world: World, live_server: LiveServer, context: BrowserContext, open_page: Open
) -> None:
    page = open_page(context)
    before = snippet(page, 0).get_attribute("data-snippet")
    press(page, "j", "d")
    page.get_by_label("Why?").fill("In the middle of")
    press(page, "Escape")
    saved(page)
    press(page, "q")
    expect(page).to_have_url(live_server.url + reverse("home"))
    page.goto(live_server.url + reverse("rate", args=[world.study.slug]))
    assert snippet(page, 0).get_attribute("data-snippet") == before
    expect(page.get_by_label("Why?")).to_have_value("In the middle of")
    expect(fit(page, 0, "Does not fit")).to_be_checked()


def test_the_last_ten_are_one_key_away(world: World, context: BrowserContext, open_page: Open) -> None:
    rate_next(world.study, world.ada, now=timezone.now())
    page = open_page(context)
    press(page, "y")
    expect(page).to_have_url(re.compile("/rate/last/$"))


def test_the_list_of_keys_names_those_of_the_snippets(context: BrowserContext, open_page: Open) -> None:
    page = open_page(context)
    press(page, "?")
    keys = page.get_by_role("dialog", name="Keys on this page")
    for words in ("On the snippets", "Next snippet", "Attach them, or take them off", "Wider context", "Not my field"):
        expect(keys.get_by_text(words, exact=True)).to_be_visible()
    expect(keys.get_by_text("Pause")).to_be_visible()
    press(page, "f")
    press(page, "Escape")
    expect(keys).to_have_count(0)


def test_every_target_of_a_snippet_is_big_enough_for_a_thumb(
    new_context: Callable[..., BrowserContext], open_page: Open
) -> None:
    page = open_page(new_context(**PHONE))
    snippet(page, 0).locator("[data-words]").dispatch_event("pointerover")
    snippet(page, 0).locator(".word").first.tap()
    snippet(page, 0).locator(".word").first.tap()
    snippet(page, 0).get_by_text("Does not fit").tap()
    expect(fit(page, 0, "Does not fit")).to_be_checked()
    for control in page.locator(".fit:visible, .snippet .button:visible, .rate-ways .button:visible, .chip-off").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 44, control.inner_text()
        assert box["width"] >= 44, control.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    saved(page)


def test_without_javascript_context_is_a_page_and_a_report_and_a_fit_are_forms(
    new_context: Callable[..., BrowserContext], open_page: Open
) -> None:
    page = open_page(new_context(java_script_enabled=False))
    first = snippet(page, 0).get_attribute("data-snippet")
    snippet(page, 0).get_by_role("link", name="Wider context").click()
    expect(page.get_by_role("heading", name="Wider context")).to_be_visible()
    page.get_by_role("link", name="Back to the latent").click()
    assert snippet(page, 0).get_attribute("data-snippet") == first
    snippet(page, 0).locator("summary").click()
    page.get_by_role("button", name="Hide this snippet").click()
    expect(page.get_by_text("The snippet is hidden from everyone now")).to_be_visible()
    expect(page.locator(f"[data-snippet='{first}']")).to_have_count(0)
    fit(page, 0, "Unsure").check()
    page.get_by_role("button", name="Cannot tell from these snippets").click()
    expect(page.get_by_text("2 of 6", exact=True)).to_be_visible()
    assert list(Rating.objects.get().fits.values()) == ["unsure"]


def test_at_twice_the_size_nothing_is_cut_off(new_context: Callable[..., BrowserContext], open_page: Open) -> None:
    # 200 % zoom of a window of 1280 by 800 is half as many CSS pixels.
    page = open_page(new_context(viewport={"width": 640, "height": 400}, device_scale_factor=2))
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    press(page, "j", "w", "x")
    expect(page.get_by_role("button", name="Give it to a colleague")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
