"""The annotator's walk in real Chromium: by keyboard alone, by touch on a phone, and without JavaScript."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotation.enums import Outcome
from annotation.models import Draft, Rating
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rating_page(world: World, live_server: LiveServer) -> str:
    return live_server.url + reverse("rate", args=[world.study.slug])


@pytest.fixture
def open_page(world: World, live_server: LiveServer, rating_page: str) -> Callable[[BrowserContext], Page]:
    """Ada, signed in, on her rating page."""

    def opened(context: BrowserContext) -> Page:
        enter(context, live_server.url, world.ada)
        page = context.new_page()
        page.goto(rating_page)
        return page

    return opened


def test_a_latent_is_rated_by_keyboard_alone(
    world: World, context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    expect(page.get_by_text("1 of 6", exact=True)).to_be_visible()
    press(page, "c")
    page.keyboard.type("tropon")
    expect(page.get_by_role("option", name="troponin")).to_be_visible()
    press(page, "ArrowDown", "Enter", "Escape")
    expect(page.get_by_label("What do the highlighted words share?")).to_have_value("troponin")
    press(page, "a", "6", "4", "5", "3", "l", "2", "r")
    page.keyboard.type("All of them name troponin; the look-alikes do not. t n c 1")
    expect(page.locator("[data-save-state]")).to_have_text(re.compile(r"saved \d\d:\d\d"))
    press(page, "Escape", "Enter")
    expect(page.get_by_text(re.compile(r"Saved \d\d:\d\d\. Next latent\."))).to_be_visible()
    expect(page.get_by_text("2 of 6", exact=True)).to_be_visible()
    rating = Rating.objects.select_related("concept").get()
    assert rating.concept is not None
    assert rating.concept.name == "troponin"
    assert rating.answers == {
        "category": "measurement", "coherence": 4, "specificity": 5, "confidence": 3, "flags": ["artefact"],
    }  # fmt: skip
    assert rating.rationale.endswith("t n c 1")
    assert not Draft.objects.exists()


def test_enter_on_an_incomplete_form_says_what_is_missing_and_sends_nothing(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    press(page, "Enter")
    missing = page.locator("[data-missing]")
    expect(missing).to_contain_text("What do the highlighted words share?")
    expect(missing).to_contain_text("Why?")
    assert not Rating.objects.exists()


def test_cannot_tell_takes_its_key_and_enter_and_never_the_key_alone(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    press(page, "t")
    expect(page.get_by_role("button", name="Cannot tell from these snippets")).to_be_focused()
    assert not Rating.objects.exists()
    press(page, "Enter")
    expect(page.get_by_text("2 of 6", exact=True)).to_be_visible()
    assert Rating.objects.get().outcome == Outcome.CANNOT_TELL


def test_a_reload_in_the_middle_loses_nothing(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    page.get_by_label("What do the highlighted words share?").fill("unstable angina")
    press(page, "Escape", "a", "2", "3")
    page.get_by_label("Why?").fill("Half a sentence")
    expect(page.locator("[data-save-state]")).to_have_text(re.compile(r"saved \d\d:\d\d"))
    page.reload()
    expect(page.get_by_label("What do the highlighted words share?")).to_have_value("unstable angina")
    expect(page.locator("[name=category][value=diagnosis]")).to_be_checked()
    expect(page.locator("[name=coherence][value='3']")).to_be_checked()
    expect(page.get_by_label("Why?")).to_have_value("Half a sentence")


def test_what_ends_the_form_is_in_sight_wherever_the_page_is_scrolled(
    context: BrowserContext, open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(context)
    page.set_viewport_size({"width": 1440, "height": 900})
    submit = page.get_by_role("button", name="Submit rating")
    for down in (0, 1200):
        page.evaluate("down => window.scrollTo(0, down)", down)
        expect(submit).to_be_in_viewport(ratio=1)


PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def test_a_latent_is_rated_by_thumb_on_a_phone(
    new_context: Callable[..., BrowserContext], open_page: Callable[[BrowserContext], Page]
) -> None:
    page = open_page(new_context(**PHONE))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("link", name="To the questions").tap()
    concept = page.get_by_label("What do the highlighted words share?")
    expect(concept).to_be_in_viewport()
    concept.tap()
    page.keyboard.type("family")
    page.get_by_role("option", name="family history").tap()
    page.get_by_role("radio", name="Context of a statement").tap()
    for name in ("coherence", "specificity", "confidence"):
        page.locator(f"[name={name}][value='4']").tap()
    page.get_by_label("Why?").tap()
    page.keyboard.type("Relatives in every snippet.")
    for control in page.locator("#rating button:visible, #rating .option:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 44, control.text_content()
    page.get_by_role("button", name="Submit rating").tap()
    expect(page.get_by_text("2 of 6", exact=True)).to_be_visible()
    rating = Rating.objects.select_related("concept").get()
    assert rating.concept is not None
    assert (rating.concept.name, rating.answers["coherence"]) == ("family history", 4)


def test_the_plain_form_works_without_javascript(
    new_context: Callable[..., BrowserContext],
    open_page: Callable[[BrowserContext], Page],
    complaints: list[str],
) -> None:
    page = open_page(new_context(java_script_enabled=False))
    page.get_by_label("What do the highlighted words share?").fill("chest pain")
    page.get_by_role("button", name="Submit rating").click()
    expect(page.get_by_text("Everything that you entered is still here.")).to_be_visible()
    expect(page.get_by_text("the rationale is missing").first).to_be_visible()
    expect(page.get_by_label("What do the highlighted words share?")).to_have_value("chest pain")
    complaints[:] = [complaint for complaint in complaints if "422" not in complaint]
    page.get_by_role("radio", name="Finding or symptom").check()
    for name in ("coherence", "specificity", "confidence"):
        page.locator(f"[name={name}][value='2']").check()
    page.get_by_label("Why?").fill("Pain in the chest, throughout.")
    page.get_by_role("button", name="Submit rating").click()
    expect(page.get_by_text("2 of 6", exact=True)).to_be_visible()
    assert Rating.objects.get().answers["coherence"] == 2


def test_the_page_takes_dark_colours_and_does_not_overflow_at_any_size(
    new_context: Callable[..., BrowserContext], open_page: Callable[[BrowserContext], Page]
) -> None:
    for width, height in ((1440, 900), (1024, 768), (390, 844), (320, 640)):
        context = new_context(viewport={"width": width, "height": height}, color_scheme="dark")
        page = open_page(context)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        context.close()
