"""A rater's whole way without touching the mouse: from the sign-in page to a rating with evidence."""

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotation.models import Rating
from tests.browser.keys import press
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "correct horse battery staple"
TABS = 25
"""More are never needed from the top of a page to what matters on it."""


FOCUSED = """() => {
  const focused = document.activeElement;
  if (focused === document.body) return "";
  return (focused.labels?.[0] ?? focused).textContent.replace(/\\s+/g, " ").trim();
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control with this name has the focus; not at all where it has it already."""
    for _ in range(TABS):
        if name in page.evaluate(FOCUSED):
            return
        press(page, "Tab")
    pytest.fail(f"{TABS} presses of Tab do not reach “{name}”.")


def test_from_sign_in_to_a_rating_with_evidence_by_keyboard_alone(
    world: World, live_server: LiveServer, context: BrowserContext
) -> None:
    world.ada.set_password(PASSWORD)
    world.ada.save()
    page = context.new_page()
    page.goto(live_server.url + reverse("sign_in"))
    tab_to(page, "E-mail")
    page.keyboard.type(world.ada.email)
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Your studies")).to_be_visible()
    page.wait_for_load_state()  # scripts answer keys from then on
    press(page, "o")
    expect(page.get_by_text("1 of 6", exact=True)).to_be_visible()
    page.wait_for_load_state()

    press(page, "j", "Home", "ArrowRight", "Shift+ArrowRight", "Enter", "f", "j", "j", "Enter", "d", "w")
    expect(page.locator(".context-part").first).to_be_visible()
    press(page, "Escape", "c")
    page.keyboard.type("tropon")
    expect(page.get_by_role("option", name="troponin")).to_be_visible()
    press(page, "ArrowDown", "Enter", "Escape", "m")
    page.keyboard.type("mother")
    press(page, "Escape", "Escape", "a", "1", "4", "5", "3", "r")
    page.keyboard.type("All name a finding; the look-alikes name none. f d u w")
    press(page, "Escape", "Enter")
    expect(page.get_by_text("2 of 6", exact=True)).to_be_visible()

    rating = Rating.objects.select_related("concept", "second_concept").get()
    assert rating.concept is not None
    assert rating.second_concept is not None
    assert (rating.concept.name, rating.second_concept.name) == ("troponin", "mother")
    assert len(rating.evidence) == 2
    assert sorted(rating.fits.values()) == ["does-not-fit", "fits"]
    assert rating.rationale.endswith("f d u w")
