"""The coordinator: invites a rater of her institution, reminds one who has not begun, and looks at a report."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect

from annotation.actions.claiming import claim
from annotation.actions.reporting import report_snippet
from annotation.enums import ReportState, SnippetKind
from annotation.models import Membership, Snippet, SnippetReport, User
from tests.browser.walks.conftest import arrived
from tests.browser.walks.hands import Hand
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reported(world: World) -> World:
    now = timezone.now()
    slot = claim(study=world.study, by=world.ada, now=now)
    assert slot is not None
    snippet = Snippet.objects.get(latent=slot.latent.latent_id, kind=SnippetKind.TOP, rank=0)
    report_snippet(study=world.study, snippet=snippet, by=world.ada, now=now)
    return world


def test_the_coordinator(reported: World, hand_of: Callable[[User | None], Hand]) -> None:
    hand = hand_of(reported.nora)
    page = hand.page
    arrived(page, "Your studies")
    hand.press(page.locator("main").get_by_role("link", name="People").first)
    arrived(page, "People")
    hand.write(page.get_by_label("Name"), "Edith")
    hand.write(page.get_by_label("E-mail"), "edith@hospital.example")
    hand.press(page.get_by_role("button", name="Invite"))
    expect(page.get_by_text("/enter/").first).to_be_visible()
    arrived(page, "People")
    invited = Membership.objects.get(user__email="edith@hospital.example")
    assert invited.institution == reported.north

    hand.press(page.get_by_role("navigation").get_by_role("link", name="People"))
    hand.press(page.get_by_role("button", name="Remind Ada by e-mail"))
    expect(page.get_by_text("An e-mail went to Ada")).to_be_visible()
    assert [message.to for message in mail.outbox] == [[reported.ada.email]]

    hand.press(page.get_by_role("navigation").get_by_role("link", name="Reports"))
    arrived(page, "Does this show a person?")
    hand.write(page.get_by_label("Why?"), "A drug, not a surname.")
    hand.press(page.get_by_role("button", name="No person: show it again"))
    expect(page.get_by_text("The snippet is shown again.")).to_be_visible()
    assert SnippetReport.objects.get().state == ReportState.SHOWN_AGAIN
