"""Calibration in real Chromium: the panel sets a reference; a rater answers, reads what the panel says, and passes."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotation.models import Membership, Rating, Reference
from tests import calibration_world as worlds
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.calibration_world import SIZE, answer, of_set
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(transactional_db: None) -> World:
    return worlds.calibrated()


def answer_by_keys(page: Page) -> None:
    """As the panel would, on the rating page, by keyboard alone."""
    press(page, "c")
    page.keyboard.type("chest pa")
    expect(page.get_by_role("option", name="chest pain")).to_be_visible()
    press(page, "ArrowDown", "Enter", "Escape", "a", "1", "4", "4", "4", "r")
    page.keyboard.type("All of them hurt in the chest.")
    press(page, "Control+Enter")


def test_a_rater_walks_through_a_set_and_its_feedback_and_passes(
    asked: World, live_server: LiveServer, context: BrowserContext
) -> None:
    enter(context, live_server.url, asked.ada)
    page = context.new_page()
    page.goto(live_server.url + reverse("rate", args=[asked.study.slug]))
    for number in range(1, SIZE + 1):
        expect(page.get_by_role("heading", name="What does this latent stand for?")).to_be_visible()
        expect(page.get_by_text("All point to the chest.")).to_have_count(0)
        answer_by_keys(page)
        expect(page.get_by_role("heading", name="Your answers beside the panel’s")).to_be_visible()
        expect(page.locator("strong", has_text=f"{number} of {SIZE}")).to_be_visible()
        concept = page.get_by_role("region", name="What do the highlighted words share?")
        expect(concept.get_by_role("row", name=re.compile("Chest pain.*Your answer.*80 %"))).to_be_visible()
        expect(concept).to_contain_text("All point to the chest.")
        press(page, "n")
    expect(page.get_by_role("heading", name="You are calibrated")).to_be_visible()
    assert Rating.objects.filter(rater=asked.ada).count() == SIZE
    assert Membership.objects.get(user=asked.ada, study=asked.study).calibrated_at is not None
    page.get_by_role("link", name="Latent 1").click()
    expect(page.get_by_role("heading", name="Your answers beside the panel’s")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Next latent").click()
    expect(page.locator("strong", has_text="1 of 4")).to_be_visible()


def test_a_member_of_the_panel_sets_a_reference_and_sees_the_shares_add_up(
    transactional_db: None, live_server: LiveServer, context: BrowserContext, complaints: list[str]
) -> None:
    world = worlds.build()
    worlds.draw(world)
    enter(context, live_server.url, world.cora)
    page = context.new_page()
    page.goto(live_server.url + reverse("references", args=[world.study.slug]))
    press(page, "o")
    expect(page.get_by_role("heading", name="What would you answer?")).to_be_visible()
    concept = page.get_by_role("group", name="What do the highlighted words share?")
    concept.get_by_label("Concept 1", exact=True).fill("chest pain")
    press(page, "Escape")
    concept.get_by_label("Share of Concept 1, per cent").fill("60")
    expect(concept).to_contain_text("60 of 100: 40 left.")
    concept.get_by_label("Not clinical").fill("40")
    expect(concept).to_contain_text("100 of 100: complete.")
    page.get_by_role("button", name="Set this reference").click()
    expect(page.get_by_text("Say why: raters read it")).to_have_count(2)
    assert "422" in complaints.pop()
    page.get_by_role("group", name="What do the highlighted words share?").get_by_label("Why?").fill("Rest pain.")
    page.get_by_role("button", name="Set this reference").click()
    expect(page.get_by_text("Your reference for latent 1 of set 1 is set.")).to_be_visible()
    stored = Reference.objects.get(item="concept")
    assert stored.latent == of_set(world.study, 1)[0]
    assert stored.distribution == {"chest pain": 0.6, "not clinical": 0.4}


@pytest.mark.parametrize("name", ["calibration_feedback", "reference", "calibration", "references"])
def test_pages_of_calibration_fit_a_phone(
    asked: World, live_server: LiveServer, context: BrowserContext, name: str
) -> None:
    rating = answer(asked, asked.ada)
    assert rating is not None
    user = asked.ada if name == "calibration_feedback" else asked.rosa
    parts = {"calibration_feedback": [1, rating.latent_id], "reference": [rating.latent_id]}.get(name, [])
    enter(context, live_server.url, user)
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live_server.url + reverse(name, args=[asked.study.slug, *parts]))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
