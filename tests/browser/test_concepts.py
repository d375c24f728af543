"""The researcher merges two concepts with the keyboard alone, and takes it back."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from annotation.models import ConceptFact
from tests import concept_world
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rated(transactional_db: None) -> World:
    return concept_world.rated()


def test_two_are_chosen_compared_merged_and_taken_back_without_a_mouse(
    rated: World, live_server: LiveServer, context: BrowserContext
) -> None:
    enter(context, live_server.url, rated.rosa)
    page = context.new_page()
    page.goto(live_server.url + reverse("concepts", args=["hearts"]))
    press(page, "m")
    expect(page.get_by_role("heading", name="Compare two concepts")).to_be_visible()
    press(page, "o")
    page.keyboard.type("mi")
    press(page, "Escape", "Escape", "t")
    page.keyboard.type("myocar")
    expect(page.get_by_role("option", name="myocardial infarction")).to_contain_text("6 ratings")
    press(page, "ArrowDown", "Enter", "Escape", "Enter")
    expect(page.get_by_role("heading", name="Are these one concept?")).to_be_visible()
    effect = page.get_by_role("region", name="Agreement on the concept before and after the merge")
    expect(effect.get_by_role("row", name="After the merge")).to_have_count(2)
    expect(page.get_by_role("radio", name="myocardial infarction")).to_be_checked()
    press(page, "w")
    page.keyboard.type("Its usual abbreviation.")
    press(page, "Control+Enter")
    expect(page.get_by_text("“MI” counts as “myocardial infarction” from now on.")).to_be_visible()
    expect(page.get_by_text("also “MI”")).to_be_visible()
    assert ConceptFact.objects.get().reason == "Its usual abbreviation."
    page.get_by_role("link", name=re.compile("Take back.*“MI” counts as")).press("Enter")
    press(page, "w")
    page.keyboard.type("Here it stood for mitral insufficiency.")
    press(page, "Control+Enter")
    expect(page.get_by_text("that is taken back")).to_be_visible()


def test_a_code_is_searched_and_linked(rated: World, live_server: LiveServer, context: BrowserContext) -> None:
    enter(context, live_server.url, rated.rosa)
    page = context.new_page()
    held = concept_world.concept(rated, "MI")
    page.goto(live_server.url + reverse("concept", args=["hearts", held.pk]))
    press(page, "k")
    search = page.get_by_role("searchbox", name="Search terms and codes")
    search.fill("heart attack")
    search.press("Enter")
    page.get_by_role("radio", name=re.compile("HP:0001658, HPO")).check()
    page.get_by_role("button", name="Link").click()
    told = page.get_by_role("listitem").filter(has_text="“MI” is HP:0001658 of HPO")
    expect(told).to_contain_text("Take back")
