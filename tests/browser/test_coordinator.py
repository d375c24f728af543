"""The coordinator's walk in a real browser: a report decided, a rater reminded, a place given, hours signed."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotation.actions.claiming import claim
from annotation.actions.reporting import report_snippet
from annotation.enums import ReportState, Role, SnippetKind
from annotation.models import Draft, HoursStatement, Membership, Round, Slot, Snippet, SnippetReport
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.world import World, add_rater, rate_next

FOCUSED = """() => {
    const here = document.activeElement;
    const words = here.labels && here.labels.length ? here.labels[0].innerText : here.textContent;
    return words.trim().replace(/\\s+/g, " ");
}"""
SIZES = {"laptop": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}


@pytest.fixture
def busy(transactional_db: None, world: World) -> World:
    """Ada rated three days ago and began a latent since; Edith of the same hospital has not begun."""
    now = timezone.now()
    Round.objects.update(opened_at=now - timedelta(days=9))
    add_rater(world, "edith", world.north)
    rate_next(world.study, world.ada, now=now - timedelta(days=3))
    slot = claim(study=world.study, by=world.ada, now=now)
    assert slot is not None
    left = now - timedelta(days=4)
    Draft.objects.create(round=slot.round, latent=slot.latent, rater=world.ada, answers={}, saved_at=left)
    Slot.objects.filter(pk=slot.pk).update(lease_expires_at=left)
    snippet = Snippet.objects.get(latent=slot.latent.latent, kind=SnippetKind.TOP, rank=0)
    report_snippet(study=world.study, snippet=snippet, by=world.ada, now=now)
    return world


@pytest.mark.walks
@pytest.mark.parametrize("size", SIZES)
def test_a_coordinators_day(busy: World, page: Page, live_server: object, size: str) -> None:
    site = str(live_server)
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    enter(page.context, site, busy.nora)
    page.goto(f"{site}/studies/hearts/people/")
    fits(page)

    page.get_by_role("link", name="Look at it").click()
    page.get_by_label("Why?").fill("A drug, not a surname.")
    fits(page)
    page.get_by_role("button", name="No person: show it again").click()
    expect(page.get_by_text("The snippet is shown again.")).to_be_visible()
    assert SnippetReport.objects.get().state == ReportState.SHOWN_AGAIN

    page.get_by_role("link", name="People").first.click()
    page.get_by_role("button", name="Remind Ada by e-mail").click()
    expect(page.get_by_text("An e-mail went to Ada")).to_be_visible()
    assert [sent.to for sent in mail.outbox] == [["ada@hospital.example"]]
    expect(page.get_by_role("button", name="Remind Ada by e-mail")).to_have_count(0)

    page.get_by_role("link", name="See the places").click()
    fits(page)
    page.get_by_label("Keep it for").select_option("Edith")
    page.get_by_role("button", name="Keep it for her").click()
    expect(page.get_by_text("The place is kept for Edith")).to_be_visible()

    page.get_by_role("link", name="People").first.click()
    page.get_by_role("link", name="Ada", exact=True).click()
    fits(page)
    page.get_by_role("link", name="Statement of hours").click()
    day = (timezone.localdate() - timedelta(days=3)).isoformat()
    page.get_by_label("First day").fill(day)
    page.get_by_label("Last day").fill(day)
    page.get_by_role("button", name="Show").click()
    fits(page)
    page.get_by_role("button", name="Sign this statement").click()
    expect(page.get_by_text("Signed off by Nora")).to_be_visible()
    fits(page)
    assert HoursStatement.objects.get().ratings == 1


def test_a_rater_withdraws_by_keyboard_alone(busy: World, page: Page, live_server: object) -> None:
    site = str(live_server)
    enter(page.context, site, busy.ada)
    page.goto(f"{site}/account/")
    press_until(page, "Withdraw from Hearts")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Withdraw from Hearts")).to_be_visible()
    press_until(page, "I want to withdraw.")
    press(page, "Space")
    press_until(page, "Withdraw")
    press(page, "Enter")
    expect(page.get_by_text("You have withdrawn from Hearts")).to_be_visible()
    assert Membership.objects.get(user=busy.ada, role=Role.ANNOTATOR).withdrawn_at is not None


def fits(page: Page) -> None:
    """No page is wider than the window."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def press_until(page: Page, name: str) -> None:
    """Tab on until what has this name, as a screen reader says it, has the focus."""
    for _ in range(60):
        press(page, "Tab")
        focused = page.evaluate(FOCUSED)
        if focused == name:
            return
    pytest.fail(f"Tab never came to “{name}”.")
