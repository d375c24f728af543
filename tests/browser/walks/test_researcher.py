"""The researcher: opens a round, sees what it asks of people, closes it when it is over, and cuts a release."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from annotation.actions.releasing import write_release
from annotation.enums import RoundState
from annotation.models import Release, Round, User
from tests.browser.walks.conftest import arrived
from tests.browser.walks.hands import Hand
from tests.world import World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_researcher(before_round: World, hand_of: Callable[[User | None], Hand]) -> None:
    study = before_round.study
    hand = hand_of(before_round.rosa)
    page = hand.page
    hand.press(page.locator("main").get_by_role("link").first)
    arrived(page, study.name)
    hand.press(page.get_by_role("button", name="Open the round"))
    expect(page.get_by_text("Round 1 is open")).to_be_visible()
    hand.press(page.get_by_role("link", name="Before opening or closing"))
    arrived(page, "Before you open or close a round")
    hand.press(page.get_by_role("navigation").get_by_role("link", name="Study", exact=True))
    arrived(page, study.name)

    rate_next(study, before_round.ada, now=timezone.now())
    rate_next(study, before_round.ben, now=timezone.now(), concept="troponin")
    hand.press(page.locator("summary", has_text="Close round 1").first)
    hand.press(page.get_by_role("button", name="Close round 1"))
    expect(page.get_by_text("Round 1 is closed. Its ratings and results stay.")).to_be_visible()
    assert set(Round.objects.values_list("state", flat=True)) == {RoundState.CLOSED}

    hand.press(page.get_by_role("link", name="Cut a release"))
    arrived(page, "Releases")
    hand.press(page.get_by_role("button", name="Cut release 1"))
    expect(page.locator("#release-1")).to_contain_text("Computing results where they are stale")
    write_release(release_id=Release.objects.get().pk, now=timezone.now())
    expect(page.get_by_role("link", name="Download all")).to_be_visible(timeout=10_000)
    arrived(page, "Releases")
