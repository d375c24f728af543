"""The concept field in real Chromium: type-ahead by keyboard and by touch, without a network, and "did you mean"."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from annotation.enums import CodeSystem
from annotation.models import Draft, Study
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.code_indexes import lay_out
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def open_page(world: World, live_server: LiveServer) -> Callable[[BrowserContext], Page]:
    """Ada on her rating page, in a study that offers ICD-10-CM and HPO."""
    lay_out(settings.ARTIFACT_ROOT)
    Study.objects.filter(pk=world.study.pk).update(code_systems=list(CodeSystem.values))

    def opened(context: BrowserContext) -> Page:
        enter(context, live_server.url, world.ada)
        page = context.new_page()
        page.goto(live_server.url + reverse("rate", args=[world.study.slug]))
        return page

    return opened


def field(page: Page) -> Locator:
    return page.get_by_label("What do the highlighted words share?")


def options(page: Page) -> Locator:
    return page.get_by_role("option")


def offer(page: Page) -> Locator:
    return page.get_by_role("button", name="Did you mean")


def hold(page: Page) -> list[Route]:
    """Questions to the server from now on, which wait until the test lets them go."""
    held: list[Route] = []
    page.route("**/rate/suggest/**", lambda route: held.append(route))
    return held


def until(page: Page, is_so: Callable[[], bool]) -> None:
    for _ in range(100):
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("It has not come about in five seconds.")


def let_go(page: Page, held: list[Route], text: str) -> list[str]:
    """Let the question for this text through once it is there; the addresses of those before it, which end here."""
    until(page, lambda: bool(held) and held[-1].request.url.endswith(f"q={text}"))
    held[-1].continue_()
    for route in held[:-1]:
        route.abort()
    return [route.request.url for route in held[:-1]]


def test_a_term_of_a_code_system_is_chosen_by_keyboard(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    press(page, "c")
    page.keyboard.type("pain ch")
    expect(options(page).first).to_have_text("chest pain")
    expect(options(page)).to_have_count(8)
    expect(field(page)).to_have_attribute("aria-expanded", "true")
    expect(options(page).nth(1)).to_contain_text(re.compile(r"ICD-10-CM|HPO"))
    for _ in range(2):
        press(page, "ArrowDown")
    second = options(page).nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    expect(field(page)).to_have_attribute("aria-activedescendant", str(second.get_attribute("id")))
    label = second.locator("span").first.inner_text()
    press(page, "Enter")
    expect(field(page)).to_have_value(label)
    expect(field(page)).to_be_focused()
    expect(field(page)).to_have_attribute("aria-expanded", "false")
    expect(page.locator("[data-save-state]")).to_have_text(re.compile(r"saved \d\d:\d\d"))
    assert Draft.objects.get().answers["concept"] == label
    press(page, "Tab")
    expect(offer(page)).to_have_count(0)


def test_escape_closes_the_list_before_it_leaves_the_field(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    press(page, "c")
    page.keyboard.type("seiz")
    expect(page.get_by_role("option", name=re.compile(r"^Seizure HP:0001250"))).to_be_visible()
    press(page, "Escape")
    expect(options(page)).to_have_count(0)
    expect(field(page)).to_be_focused()
    expect(field(page)).to_have_value("seiz")
    press(page, "Escape")
    expect(field(page)).not_to_be_focused()


def test_what_the_server_knows_comes_below_and_nothing_moves(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    held = hold(page)
    press(page, "c")
    page.keyboard.type("his")
    expect(options(page)).to_have_count(1)
    press(page, "ArrowDown")
    expect(options(page).first).to_have_attribute("aria-selected", "true")
    box = options(page).first.bounding_box()
    let_go(page, held, "his")
    expect(options(page)).to_have_count(8)
    expect(options(page).first).to_have_text("family history")
    expect(options(page).first).to_have_attribute("aria-selected", "true")
    assert options(page).first.bounding_box() == box


def test_a_newer_question_breaks_off_the_older_one(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    held = hold(page)
    broken_off: list[str] = []
    page.on("requestfailed", lambda request: broken_off.append(request.url))
    press(page, "c")
    page.keyboard.type("seiz")
    until(page, lambda: bool(held))
    page.keyboard.type("zzz")
    with page.expect_response("**/rate/suggest/**"):
        older = let_go(page, held, "seizzzz")
    assert len(older) >= 1
    assert broken_off == older
    expect(options(page)).to_have_count(0)


def test_without_a_network_the_list_still_answers(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page], complaints: list[str]
) -> None:
    page = open_page(context)
    context.set_offline(True)
    press(page, "c")
    page.keyboard.type("tropon")
    expect(options(page)).to_have_count(1)
    press(page, "ArrowDown")
    press(page, "Enter")
    expect(field(page)).to_have_value("troponin")
    field(page).fill("chest pian")
    press(page, "Tab")
    page.wait_for_timeout(300)
    expect(offer(page)).to_have_count(0)
    expect(field(page)).to_have_value("chest pian")
    context.set_offline(False)
    complaints[:] = [complaint for complaint in complaints if "ERR_INTERNET_DISCONNECTED" not in complaint]


def test_a_slip_is_asked_about_and_mended_by_a_key(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    press(page, "c")
    page.keyboard.type("chest pian")
    press(page, "Escape")
    expect(offer(page)).to_have_text(re.compile(r"Did you mean chest pain\?"))
    expect(field(page)).to_have_value("chest pian")
    letter = offer(page).get_attribute("data-key")
    assert letter is not None
    assert page.locator(f"[data-key='{letter}']").count() == 1
    expect(page.locator(".did-you-mean").first).to_have_role("status")
    press(page, letter)
    expect(field(page)).to_have_value("chest pain")
    back = page.get_by_role("button", name="Back to chest pian")
    expect(back).to_be_visible()
    expect(page.locator("[data-save-state]")).to_have_text(re.compile(r"saved \d\d:\d\d"))
    press(page, letter)
    expect(field(page)).to_have_value("chest pian")
    expect(offer(page)).to_be_visible()


def test_a_slip_is_asked_about_while_she_pauses_and_never_while_suggestions_are_open(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    press(page, "c")
    page.keyboard.type("chest")
    expect(options(page)).to_have_count(8)
    page.wait_for_timeout(1000)
    expect(offer(page)).to_have_count(0)
    page.keyboard.type(" pian")
    expect(offer(page)).to_contain_text("chest pain")
    expect(field(page)).to_be_focused()
    page.keyboard.type("s")
    expect(offer(page)).to_have_count(0)


def test_the_question_is_in_sight_when_the_page_has_moved_on(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    page.set_viewport_size({"width": 1440, "height": 700})
    press(page, "c")
    page.keyboard.type("chest pian")
    press(page, "Escape")
    expect(field(page)).not_to_be_in_viewport()
    expect(offer(page)).to_be_in_viewport(ratio=1)
    press(page, str(offer(page).get_attribute("data-key")))
    expect(field(page)).to_have_value("chest pain")


def test_the_question_is_reached_with_tab_and_goes_away_when_she_types_on(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    press(page, "c")
    page.keyboard.type("miocardial infraction")
    press(page, "Tab")
    expect(offer(page)).to_contain_text("Myocardial infarction")
    expect(page.locator(".did-you-mean").first).to_contain_text("HP:0001658 · HPO")
    press(page, "c")
    press(page, "Tab")
    expect(offer(page)).to_be_focused()
    press(page, "Enter")
    expect(field(page)).to_have_value("Myocardial infarction")
    expect(page.get_by_role("button", name="Back to miocardial infraction")).to_be_focused()
    press(page, "c")
    page.keyboard.type(" of the septum")
    expect(page.get_by_role("button", name="Back to")).to_have_count(0)


def test_a_new_term_is_asked_nothing(context: BrowserContext, open_page: Callable[[BrowserContext], Page]) -> None:
    page = open_page(context)
    press(page, "c")
    page.keyboard.type("handover phrase")
    with page.expect_response("**/rate/did-you-mean/**") as answered:
        press(page, "Escape")
        press(page, "Escape")
    assert answered.value.json() == []
    expect(offer(page)).to_have_count(0)


def test_a_term_is_chosen_and_a_slip_mended_by_touch(
    new_context: Callable[..., BrowserContext], open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(new_context(**PHONE))
    field(page).tap()
    page.keyboard.type("seiz")
    seizure = page.get_by_role("option", name=re.compile(r"^Seizure HP:0001250"))
    expect(seizure).to_be_visible()
    box = seizure.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    seizure.tap()
    expect(field(page)).to_have_value("Seizure")
    field(page).fill("")
    field(page).tap()
    page.keyboard.type("tachicardia")
    page.get_by_label("Why?").tap()
    expect(offer(page)).to_contain_text("Tachycardia")
    box = offer(page).bounding_box()
    assert box is not None
    assert box["height"] >= 44
    offer(page).tap()
    expect(field(page)).to_have_value("Tachycardia")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
