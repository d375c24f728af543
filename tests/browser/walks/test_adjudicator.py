"""The adjudicator: opens the case that waits, reads both opinions, decides, and finds nothing more to do."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from annotation.actions.cases import open_case
from annotation.actions.rounds import close_round
from annotation.enums import LatentState
from annotation.models import Decision, User
from tests.browser.walks.conftest import arrived
from tests.browser.walks.hands import Hand
from tests.case_world import PASSWORD, with_password
from tests.world import NOW, World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def contested(world: World) -> World:
    for user, concept in ((world.ada, "chest pain"), (world.ben, "unstable angina")):
        while rate_next(world.study, user, concept=concept, rationale=f"All of it is {concept}."):
            pass
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    latent = world.study.sample.earliest("position")
    latent.state = LatentState.PERSISTENT
    latent.save()
    open_case(latent=latent, why="No concept reaches a posterior of 0.90.", now=NOW)
    with_password(world.cora)
    return world


def test_the_adjudicator(contested: World, hand_of: Callable[[User | None], Hand]) -> None:
    hand = hand_of(contested.cora)
    page = hand.page
    arrived(page, "Your studies")
    hand.press(page.get_by_role("link", name="Cases").first)
    arrived(page, "Cases")
    hand.press(page.locator("main").get_by_role("link", name="Case").first)
    arrived(page, "Case ")
    expect(page.get_by_role("article").filter(has_text="Opinion ")).to_have_count(2)
    hand.choose(page.get_by_role("radio", name="Irreducible"))
    hand.choose(page.get_by_role("group", name="Why did the raters differ?").get_by_role("radio").nth(1))
    hand.write(page.get_by_label("Why do you decide so?"), "Both readings hold in half of the snippets.")
    hand.press(page.get_by_role("button", name="Decide"))
    arrived(page, "Sign your decision")
    expect(page.get_by_text("irreducible, so that the distribution of opinions is the answer")).to_be_visible()
    hand.write(page.get_by_label("Your password"), PASSWORD)
    hand.press(page.get_by_role("button", name="Sign and decide"))
    expect(page.get_by_text("is decided and signed.")).to_be_visible()
    arrived(page, "Case")
    decision = Decision.objects.get()
    assert (decision.outcome, decision.concept, decision.adjudicator) == ("irreducible", None, contested.cora)
