"""The rater: signs in, rates a latent, gives one back, pauses, comes back, changes her mind about the first."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from annotation.models import Decline, Rating, User
from tests.browser.walks.conftest import arrived
from tests.browser.walks.hands import Hand
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
LATENT = "What does this latent stand for?"
PASSWORD = "correct horse battery staple"


def test_the_rater(world: World, hand_of: Callable[[User | None], Hand]) -> None:
    world.ada.set_password(PASSWORD)
    world.ada.save()
    hand = hand_of(None)
    page = hand.page
    hand.write(page.get_by_label("E-mail"), world.ada.email)
    hand.write(page.get_by_label("Password"), PASSWORD)
    hand.press(page.get_by_role("button", name="Sign in"))
    arrived(page, "Your studies")
    hand.press(page.get_by_role("link", name="Rate").first)
    arrived(page, LATENT)
    expect(page.get_by_text("1 of 6", exact=True)).to_be_visible()

    rate(hand, "Chest pain in all of them.")
    expect(page.get_by_text("2 of 6", exact=True)).to_be_visible()
    rating = Rating.objects.select_related("concept").get()
    assert rating.concept is not None
    assert (rating.concept.name, rating.answers["confidence"]) == ("chest pain", 4)

    hand.press(page.locator("summary", has_text="Not my field"))
    hand.press(page.get_by_role("button", name="Give it to a colleague"))
    expect(page.get_by_text("Given back: a colleague gets that latent")).to_be_visible()
    assert Decline.objects.filter(rater=world.ada).count() == 1

    hand.press(page.get_by_role("link", name="Pause"))
    arrived(page, "Your studies")
    hand.press(page.get_by_role("link", name="Rate").first)
    arrived(page, LATENT)
    hand.press(page.get_by_role("link", name="Your last ten"))
    arrived(page, "Your last ten ratings")
    hand.press(page.locator("main").get_by_role("link", name="Revise").first)
    arrived(page, "Revise your rating")


def rate(hand: Hand, why: str) -> None:
    page = hand.page
    hand.write(page.get_by_label("What do the highlighted words share?"), "chest pain")
    hand.choose(page.get_by_role("radio", name="Finding or symptom"))
    for name in ("coherence", "specificity", "confidence"):
        hand.choose(page.locator(f"[name={name}][value='4']"))
    hand.write(page.get_by_label("Why?"), why)
    expect(page.locator("[data-save-state]")).to_have_text(re.compile(r"saved \d\d:\d\d"))
    hand.press(page.get_by_role("button", name="Submit rating"))
