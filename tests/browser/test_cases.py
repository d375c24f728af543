"""The adjudicator's walk in real Chromium."""

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from annotation.actions.cases import open_case
from annotation.actions.rounds import close_round
from annotation.enums import LatentState
from annotation.models import Case, Decision
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.case_world import PASSWORD, with_password
from tests.world import NOW, World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two_cases(world: World) -> list[Case]:
    for user, concept in ((world.ada, "chest pain"), (world.ben, "unstable angina")):
        while rate_next(world.study, user, concept=concept, rationale=f"All of it is {concept}."):
            pass
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    cases = []
    for latent in world.study.sample.order_by("position")[:2]:
        latent.state = LatentState.PERSISTENT
        latent.save()
        cases.append(open_case(latent=latent, why="No concept reaches a posterior of 0.90.", now=NOW))
    with_password(world.cora)
    return cases


def test_the_adjudicator_reads_both_opinions_decides_and_is_led_to_the_next_case(
    world: World, two_cases: list[Case], live_server: LiveServer, context: BrowserContext, complaints: list[str]
) -> None:
    enter(context, live_server.url, world.cora)
    page = context.new_page()
    page.goto(live_server.url + reverse("cases", args=[world.study.slug]))
    press(page, "o")
    expect(page.get_by_role("heading", name=f"Case {two_cases[0].pk}")).to_be_visible()
    opinions = page.get_by_role("article").filter(has_text="Opinion ")
    expect(opinions).to_have_count(2)
    expect(opinions.filter(has_text="All of it is unstable angina.")).to_have_count(1)
    for secret in ("Ada", "Ben", "North Hospital", "South Hospital"):
        expect(page.get_by_text(secret)).to_have_count(0)
    expect(page.get_by_label("Which concept?")).to_be_hidden()
    press(page, "d", "1")
    page.get_by_label("Which concept?").fill("unstable")
    expect(page.get_by_role("option", name="unstable angina")).to_contain_text("proposed here")
    press(page, "ArrowDown", "Enter", "Escape", "y", "2", "r")
    page.keyboard.type("Rest pain in most snippets.")
    press(page, "Control+Enter")
    expect(page.get_by_role("heading", name=f"Sign your decision on case {two_cases[0].pk}")).to_be_visible()
    expect(page.get_by_text(f"By signing I, Cora, decide case {two_cases[0].pk}")).to_contain_text("“unstable angina”")
    expect(page.get_by_label("Your password")).to_be_focused()
    page.keyboard.type("not mine")
    press(page, "Enter")
    expect(page.get_by_text("This is not your password. Nothing was signed.")).to_be_visible()
    complaints.clear()  # The wrong password was answered with 422.
    page.keyboard.type(PASSWORD)
    press(page, "Enter")
    expect(page.get_by_text(f"Case {two_cases[0].pk} is decided and signed.")).to_be_visible()
    decision = Decision.objects.select_related("concept", "signature").get()
    assert decision.signature.method == "password"
    assert decision.concept is not None
    assert (decision.concept.name, decision.cause) == ("unstable angina", "granularity")
    page.get_by_role("link", name="Open the next case").click()
    expect(page.get_by_role("heading", name=f"Case {two_cases[1].pk}")).to_be_visible()


def test_a_decision_without_a_reason_is_not_sent(
    world: World, two_cases: list[Case], live_server: LiveServer, context: BrowserContext
) -> None:
    enter(context, live_server.url, world.cora)
    page = context.new_page()
    page.goto(live_server.url + reverse("case", args=[world.study.slug, two_cases[0].pk]))
    page.get_by_role("radio", name="Irreducible").check()
    page.get_by_role("button", name="Decide").click()
    missing = page.locator("[data-missing]")
    expect(missing).to_contain_text("Why did the raters differ?")
    expect(missing).to_contain_text("Why do you decide so?")
    expect(missing).not_to_contain_text("Which concept?")
    assert not Decision.objects.exists()


def test_a_case_fits_a_phone(
    world: World, two_cases: list[Case], live_server: LiveServer, context: BrowserContext
) -> None:
    enter(context, live_server.url, world.cora)
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    for address in (
        reverse("cases", args=[world.study.slug]),
        reverse("case", args=[world.study.slug, two_cases[0].pk]),
    ):
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
