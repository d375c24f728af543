"""Never lost: seven ways to lose a physician's work, and that it is there afterwards, once; and the next latent at once."""

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotation.models import Draft, Rating, Slot, Snippet
from tests import world as worlds
from tests.browser.enter import enter
from tests.browser.rating_form import (
    CONCEPT,
    expect_latent,
    expect_saved,
    fill,
    kept,
    pill,
    submit,
    unlocked,
    wait_for_sheets_ahead,
)
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

NEXT = re.compile(r"Saved \d\d:\d\d\. Next latent\.")
SOON = "document.documentElement.dataset.firstPause = '100'"


@pytest.fixture
def wide(db: None) -> World:
    """Enough latents for some to be handed out ahead."""
    return worlds.build(latents=20, sample=16)


@pytest.fixture
def url(wide: World, live_server: LiveServer) -> str:
    return live_server.url + reverse("rate", args=[wide.study.slug])


@pytest.fixture
def ada(wide: World, live_server: LiveServer, context: BrowserContext, url: str) -> Page:
    """Ada on her rating page, the next two latents fetched; what fails is tried again after a tenth of a second."""
    enter(context, live_server.url, wide.ada)
    context.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ {SOON} }})")
    page = context.new_page()
    wait_for_sheets_ahead(page, url)
    return page


def test_the_next_latent_is_there_at_once_and_the_rating_is_stored_behind_it(ada: Page) -> None:
    ada.evaluate("window.stayed = true")
    fill(ada)
    submit(ada)
    expect_latent(ada, 2, 16)
    expect(ada.get_by_role("heading", level=1)).to_be_focused()
    expect(ada.get_by_text(NEXT)).to_be_visible()
    assert Rating.objects.get().rationale == "They share it."
    assert ada.evaluate("window.stayed") is True
    assert ada.title().startswith("Latent 2 of 16")
    expect(ada.get_by_label(CONCEPT)).to_have_value("")
    assert kept(ada) == []
