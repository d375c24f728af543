"""Never lost: seven ways to lose a physician's work, and that it is there afterwards, once; the next latent at once.

One quick walk goes through the most usual of them; each for itself is marked `walks`.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Error, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from annotation.actions.reporting import report_snippet
from annotation.actions.rounds import close_round
from annotation.enums import SlotState
from annotation.models import Draft, Membership, Rating, Slot, Snippet
from annotation.queries.held_slots import name_of
from annotation.queries.rating_sheet import snippets_shown
from tests import world as worlds
from tests.browser.enter import enter
from tests.browser.rating_form import (
    CONCEPT,
    NOTHING_KEPT,
    expect_latent,
    expect_saved,
    fill,
    kept,
    pill,
    submit,
    unlocked,
    wait_for_sheets_ahead,
)
from tests.browser.site_process import Site, site_process
from tests.world import World, add_rater, rate_next

pytestmark = pytest.mark.django_db(transaction=True)

NEXT = re.compile(r"Saved \d\d:\d\d\. Next latent\.")
SOON = "addEventListener('DOMContentLoaded', () => { document.documentElement.dataset.firstPause = '100' })"
DRAFTS = "**/api/drafts/"
PASSWORD = "correct horse battery staple"


@pytest.fixture
def wide(db: None) -> World:
    """Enough latents for some to be handed out ahead."""
    return worlds.build(latents=20, sample=16)


@pytest.fixture
def url(wide: World, live_server: LiveServer) -> str:
    return live_server.url + reverse("rate", args=[wide.study.slug])


@pytest.fixture
def her_browser(wide: World, live_server: LiveServer, context: BrowserContext) -> BrowserContext:
    """Ada is signed in; what fails is tried again after a tenth of a second."""
    enter(context, live_server.url, wide.ada)
    context.add_init_script(SOON)
    return context


@pytest.fixture
def ada(her_browser: BrowserContext, url: str) -> Page:
    """Her rating page, the next two latents fetched."""
    page = her_browser.new_page()
    wait_for_sheets_ahead(page, url)
    return page


@pytest.fixture
def noise(complaints: list[str]) -> Iterator[None]:
    """Requests fail on purpose, and the browser says so in its console. Exceptions in scripts stay complaints."""
    yield
    complaints[:] = [complaint for complaint in complaints if not complaint.startswith("Failed to load resource")]


def slot_on(page: Page, world: World) -> Slot:
    """Ada's place whose sheet is on the page."""
    name = page.locator("[data-on-device]").get_attribute("data-on-device")
    (found,) = (slot for slot in Slot.objects.filter(rater=world.ada) if name_of(slot, world.ada) == name)
    return found


def every_session_ends() -> None:
    Session.objects.all().delete()
    cache.clear()


def sign_in_again(page: Page, world: World) -> None:
    """By the link that the page shows, in the tab that it opens; then she comes back."""
    world.ada.set_password(PASSWORD)
    world.ada.save()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Sign in again").first.click()
    tab = opened.value
    tab.get_by_label("E-mail").fill(world.ada.email)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", name="Sign in")).to_have_count(0)
    page.bring_to_front()


def crash(page: Page) -> None:
    """The tab's process is gone at once; no script of it says goodbye."""
    with page.expect_event("crash"), suppress(Error):
        page.goto("chrome://crash", timeout=3000)
    page.close()


def abort(route: Route) -> None:
    route.abort()


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


def test_one_quick_walk_a_double_click_a_lost_session_a_lost_network_and_a_killed_tab(
    wide: World, her_browser: BrowserContext, url: str, ada: Page, noise: None
) -> None:
    every_session_ends()
    fill(ada, why="Typed when nobody was signed in")
    expect(pill(ada)).to_have_text(re.compile("saved on this device"))
    sign_in_again(ada, wide)
    expect_saved(ada)
    assert Draft.objects.get().answers["rationale"] == "Typed when nobody was signed in"
    her_browser.set_offline(True)
    ada.get_by_role("button", name="Submit rating").dblclick()
    expect_latent(ada, 2, 16)
    expect(ada.get_by_text("1 rating is kept on this device")).to_be_visible()
    expect(ada.locator("[data-missing]")).to_be_empty()
    ada.get_by_label("Why?").fill("Typed when there was no network")
    expect(pill(ada)).to_have_text("saved on this device")
    crash(ada)
    her_browser.set_offline(False)
    assert not Rating.objects.exists()
    again = her_browser.new_page()
    again.goto(url)
    expect(again.get_by_text(NEXT)).to_be_visible()
    expect_latent(again, 2, 16)
    expect(again.get_by_label("Why?")).to_have_value("Typed when there was no network")
    expect_saved(again)
    assert Rating.objects.get().rationale == "Typed when nobody was signed in"
    assert Draft.objects.get().answers["rationale"] == "Typed when there was no network"
    assert kept(again) == []


@pytest.mark.walks
def test_reloading_shows_the_latent_that_is_being_rated_and_going_back_leaves_the_room(
    her_browser: BrowserContext, live_server: LiveServer, url: str
) -> None:
    page = her_browser.new_page()
    page.goto(live_server.url)
    wait_for_sheets_ahead(page, url)
    for number in (2, 3):
        fill(page)
        submit(page)
        expect_latent(page, number, 16)
    page.get_by_label("Why?").fill("Of the third")
    expect_saved(page)
    page.reload()
    expect_latent(page, 3, 16)
    expect(page.get_by_label("Why?")).to_have_value("Of the third")
    page.go_back()
    assert page.url.rstrip("/") == live_server.url


def test_what_the_device_keeps_is_locked_and_holds_her_answers_but_no_word_of_a_snippet(
    ada: Page, her_browser: BrowserContext, noise: None
) -> None:
    her_browser.route(DRAFTS, abort)
    her_browser.route("**/rate/", abort)
    word = ada.locator("[data-words]").first
    word.dispatch_event("pointerover")
    word.locator(".word").nth(2).click()
    fill(ada, why="Written by Ada alone")
    submit(ada)
    fill(ada, why="A draft by Ada alone")
    expect(pill(ada)).to_have_text("saved on this device")
    on_disk = " ".join(str(record) for record in kept(ada))
    opened = " ".join(unlocked(ada))
    assert len(kept(ada)) == 2
    for text in ("Written by Ada alone", "A draft by Ada alone", "chest pain"):
        assert text in opened
        assert text not in on_disk
    assert '\\"snippet\\":' in opened
    texts = {
        snippet.document.text[snippet.start : snippet.end] for snippet in Snippet.objects.select_related("document")
    }
    assert texts
    for text in texts:
        for part in [text[at : at + 20] for at in range(0, len(text) - 20, 10)]:
            assert part not in opened
    assert ada.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])").count("Ada alone") == 0
    her_browser.unroute(DRAFTS)
    her_browser.unroute("**/rate/")
    expect(ada.get_by_text(NEXT)).to_be_visible()
    expect_saved(ada)
    assert kept(ada) == []


@pytest.mark.walks
def test_another_person_on_the_same_device_reads_nothing_of_it_and_hers_survives(
    wide: World, live_server: LiveServer, her_browser: BrowserContext, url: str, ada: Page, noise: None
) -> None:
    her_browser.route(DRAFTS, abort)
    ada.get_by_label("Why?").fill("Ada's own words")
    expect(pill(ada)).to_have_text("saved on this device")
    ada.close()
    her_browser.unroute(DRAFTS)
    Draft.objects.all().delete()
    enter(her_browser, live_server.url, wide.ben)
    his = her_browser.new_page()
    his.goto(url)
    expect(his.get_by_label("Why?")).to_have_value("")
    with pytest.raises(Exception, match="OperationError"):
        unlocked(his)
    his.locator("details.menu summary").click()
    his.get_by_role("button", name="Sign out").click()
    expect(his.get_by_role("heading", name="Sign in")).to_be_visible()
    his.close()
    enter(her_browser, live_server.url, wide.ada)
    hers = her_browser.new_page()
    hers.goto(url)
    expect(hers.get_by_label("Why?")).to_have_value("Ada's own words")
    expect_saved(hers)
    assert Draft.objects.get(rater=wide.ada).answers["rationale"] == "Ada's own words"


@pytest.mark.walks
def test_loss_1_the_session_ends_while_she_types_and_she_signs_in_again_in_another_tab(
    wide: World, ada: Page, noise: None
) -> None:
    every_session_ends()
    fill(ada, why="Half a thought")
    expect(pill(ada)).to_have_text(re.compile("saved on this device"))
    assert not Draft.objects.exists()
    sign_in_again(ada, wide)
    expect_saved(ada)
    assert Draft.objects.get().answers["rationale"] == "Half a thought"
    every_session_ends()
    submit(ada)
    expect_latent(ada, 2, 16)
    expect(ada.get_by_text("as soon as you are signed in")).to_be_visible()
    assert not Rating.objects.exists()
    sign_in_again(ada, wide)
    expect(ada.get_by_text(NEXT)).to_be_visible()
    expect(ada.get_by_text("as soon as you are signed in")).to_have_count(0)
    assert Rating.objects.get().rationale == "Half a thought"


@pytest.mark.walks
def test_loss_2_the_tab_is_killed_while_the_site_has_heard_nothing_yet(
    her_browser: BrowserContext, url: str, ada: Page, noise: None
) -> None:
    her_browser.route(DRAFTS, abort)
    her_browser.route("**/rate/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    fill(ada, why="Sent before the end")
    submit(ada)
    expect_latent(ada, 2, 16)
    fill(ada, concept="troponin", why="Typed before the end")
    expect(pill(ada)).to_have_text("saved on this device")
    crash(ada)
    assert not Rating.objects.exists()
    her_browser.unroute(DRAFTS)
    her_browser.unroute("**/rate/")
    again = her_browser.new_page()
    again.goto(url)
    expect(again.get_by_text(NEXT)).to_be_visible()
    expect_latent(again, 2, 16)
    expect(again.get_by_label("Why?")).to_have_value("Typed before the end")
    expect(again.get_by_label(CONCEPT)).to_have_value("troponin")
    expect_saved(again)
    assert Rating.objects.get().rationale == "Sent before the end"
    assert Draft.objects.get().answers["rationale"] == "Typed before the end"
    expect(again.locator("[data-waiting]")).to_be_empty()
    assert kept(again) == []


@pytest.mark.walks
def test_loss_3_the_network_is_away_for_five_minutes(her_browser: BrowserContext, url: str, noise: None) -> None:
    page = her_browser.new_page()
    page.clock.install()
    wait_for_sheets_ahead(page, url)
    her_browser.set_offline(True)
    for number in (1, 2):
        fill(page, why=f"Rating {number} in the tunnel")
        submit(page)
        expect_latent(page, number + 1, 16)
    page.get_by_label("Why?").fill("A draft in the tunnel")
    for _ in range(10):
        page.clock.run_for(30_000)
    expect(page.get_by_text("2 ratings are kept on this device")).to_be_visible()
    expect(pill(page)).to_have_text("saved on this device")
    assert (Rating.objects.count(), Draft.objects.count()) == (0, 0)
    her_browser.set_offline(False)
    page.clock.resume()
    expect(page.get_by_text(NEXT)).to_be_visible()
    expect(page.get_by_text("kept on this device")).to_have_count(0)
    expect_saved(page)
    assert sorted(Rating.objects.values_list("rationale", flat=True)) == [
        "Rating 1 in the tunnel", "Rating 2 in the tunnel",
    ]  # fmt: skip
    assert Draft.objects.get().answers["rationale"] == "A draft in the tunnel"


@pytest.mark.walks
def test_loss_4_submitting_twice_stores_one_rating_and_spares_the_next_latent(ada: Page) -> None:
    ada.get_by_role("button", name="Cannot tell from these snippets").dblclick()
    expect_latent(ada, 2, 16)
    expect(ada.get_by_text(NEXT)).to_be_visible()
    expect(ada.locator("[data-missing]")).to_be_empty()
    assert Rating.objects.count() == 1


@pytest.mark.walks
def test_loss_4_an_answer_that_was_lost_on_the_way_back_does_not_store_a_second_rating(
    her_browser: BrowserContext, ada: Page, noise: None
) -> None:
    lost: list[int] = []

    def lose_the_first_answer(route: Route) -> None:
        if route.request.method != "POST" or lost:
            return route.continue_()
        lost.append(route.fetch().status)
        return route.abort()

    her_browser.route("**/rate/", lose_the_first_answer)
    fill(ada)
    submit(ada)
    expect(ada.get_by_text(NEXT)).to_be_visible()
    assert lost == [200]
    assert Rating.objects.count() == 1


@pytest.fixture
def two_tabs(her_browser: BrowserContext, url: str) -> tuple[Page, Page]:
    """Both on the same latent, neither with anything entered."""
    tabs = her_browser.new_page(), her_browser.new_page()
    for tab in tabs:
        tab.goto(url)
    return tabs


@pytest.mark.walks
@pytest.mark.parametrize(
    ("button", "counts"), [("Take the other window’s answers", "Of the first"), ("Keep these", "Of the second")]
)
def test_loss_5_two_tabs_on_one_latent_overwrite_nothing_unasked(
    two_tabs: tuple[Page, Page], noise: None, button: str, counts: str
) -> None:
    first, second = two_tabs
    first.get_by_label("Why?").fill("Of the first")
    expect_saved(first)
    second.get_by_label("Why?").fill("Of the second")
    expect(second.get_by_text("Another window saved other answers to this latent")).to_be_visible()
    assert Draft.objects.get().answers["rationale"] == "Of the first"
    second.get_by_role("button", name=button).click()
    expect_saved(second)
    expect(second.get_by_label("Why?")).to_have_value(counts)
    assert Draft.objects.get().answers["rationale"] == counts
    second.get_by_label("Why?").fill("Of the second, again")
    expect_saved(second)
    first.get_by_label("Why?").fill("Of the first, again")
    expect(first.get_by_text("Another window saved other answers to this latent")).to_be_visible()
    assert Draft.objects.get().answers["rationale"] == "Of the second, again"


@pytest.mark.walks
def test_loss_5_what_the_second_tab_sends_of_a_latent_that_is_rated_comes_back_to_her(
    two_tabs: tuple[Page, Page], noise: None
) -> None:
    first, second = two_tabs
    for tab, why in ((first, "First to arrive"), (second, "Second to arrive")):
        fill(tab, why=why)
        submit(tab)
        expect_latent(tab, 2, 16)
    returned = second.locator("[data-returned]")
    expect(returned).to_contain_text("You had sent this form already")
    returned.get_by_text("What you wrote").click()
    expect(returned).to_contain_text("Second to arrive")
    assert Rating.objects.get().rationale == "First to arrive"
    returned.get_by_role("button", name="Delete it from this device").click()
    expect(returned).to_be_empty()
    assert kept(second) == []


@pytest.fixture
def site(tmp_path: Path, wide: World) -> Iterator[Site]:
    with site_process(tmp_path) as running:
        yield running


@pytest.mark.walks
def test_loss_6_the_server_is_killed_in_the_middle_of_a_submit_and_started_again(
    wide: World, site: Site, context: BrowserContext, noise: None
) -> None:
    enter(context, site.url, wide.ada)
    context.add_init_script(SOON)
    page = context.new_page()
    wait_for_sheets_ahead(page, site.url + reverse("rate", args=[wide.study.slug]))
    fill(page, why="In the middle")
    slot = slot_on(page, wide).pk
    with transaction.atomic():
        Slot.objects.select_for_update().get(pk=slot)
        with page.expect_request(lambda request: request.method == "POST" and request.url.endswith("/rate/")):
            submit(page)
        page.wait_for_timeout(500)
        site.stop()
    expect_latent(page, 2, 16)
    expect(page.get_by_text("1 rating is kept on this device")).to_be_visible()
    page.get_by_label("Why?").fill("Typed while it was down")
    expect(pill(page)).to_have_text("saved on this device")
    assert not Rating.objects.exists()
    site.start()
    expect(page.get_by_text(NEXT)).to_be_visible(timeout=30_000)
    expect_saved(page)
    assert Rating.objects.get().rationale == "In the middle"
    assert Draft.objects.get().answers["rationale"] == "Typed while it was down"


@pytest.mark.walks
def test_loss_7_a_rating_that_comes_after_its_place_went_to_colleagues_is_kept_and_counts(
    wide: World, ada: Page
) -> None:
    fill(ada, why="Late, but thought through")
    expect_saved(ada)
    held = slot_on(ada, wide)
    Slot.objects.filter(rater=wide.ada).update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    bea = add_rater(wide, "bea", wide.north)
    while rate_next(wide.study, bea, now=timezone.now()):
        pass
    held.refresh_from_db()
    assert (held.state, held.rater) == (SlotState.SUBMITTED, bea)
    submit(ada)
    expect(ada.get_by_text("Your rating is kept and counts like any other.")).to_be_visible()
    rating = Rating.objects.get(rater=wide.ada)
    assert (rating.latent_id, rating.slot, rating.rationale) == (held.latent_id, None, "Late, but thought through")


@pytest.mark.walks
def test_what_only_the_site_can_find_wrong_comes_back_and_is_mended_where_it_was(ada: Page, noise: None) -> None:
    fill(ada, why="Two meanings that are one")
    ada.get_by_text("It holds two meanings").click()
    ada.get_by_label("The other meaning").fill("Chest Pain")
    submit(ada)
    expect_latent(ada, 2, 16)
    returned = ada.locator("[data-returned]")
    expect(returned).to_contain_text("Both meanings are the same")
    ada.get_by_label("Why?").fill("Of the second latent")
    expect_saved(ada)
    returned.get_by_role("button", name="Open it").click()
    expect_latent(ada, 1, 16)
    expect(ada.get_by_text("Not submitted yet.")).to_be_visible()
    expect(ada.get_by_label("Why?")).to_have_value("Two meanings that are one")
    ada.get_by_label("The other meaning").fill("troponin")
    ada.get_by_label("Why?").fill("Two meanings, told apart")
    submit(ada)
    expect(ada.get_by_text(NEXT)).to_be_visible()
    expect_latent(ada, 2, 16)
    expect(ada.get_by_label("Why?")).to_have_value("Of the second latent")
    rating = Rating.objects.select_related("second_concept").get()
    assert rating.second_concept is not None
    assert (rating.second_concept.name, rating.rationale) == ("troponin", "Two meanings, told apart")


@pytest.mark.walks
def test_signing_out_wipes_the_device_and_warns_before_it_deletes_what_the_site_lacks(
    her_browser: BrowserContext, url: str, ada: Page, noise: None
) -> None:
    other = her_browser.new_page()
    other.goto(url)
    her_browser.route(DRAFTS, abort)
    ada.get_by_label("Why?").fill("Not on the site yet")
    expect(pill(ada)).to_have_text("saved on this device")
    for choice, left in (("Stay signed in", 1), ("Sign out and delete it", 0)):
        if not ada.locator("details.menu[open]").count():
            ada.locator("details.menu summary").click()
        ada.get_by_role("button", name="Sign out", exact=True).click()
        expect(ada.get_by_text("One thing that you wrote has not reached the site.")).to_be_visible()
        ada.get_by_role("button", name=choice).click()
        expect(ada.get_by_role("heading", name="Sign in")).to_have_count(1 - left)
        assert len(kept(ada)) == left
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(other.locator("[data-snippet]")).to_have_count(0)
    assert "device_wipe" not in {cookie["name"] for cookie in her_browser.cookies()}


@pytest.mark.walks
def test_a_sign_out_that_was_cut_short_is_finished_by_the_next_page(
    wide: World, live_server: LiveServer, her_browser: BrowserContext, ada: Page, noise: None
) -> None:
    her_browser.route(DRAFTS, abort)
    ada.get_by_label("Why?").fill("Not on the site yet")
    expect(pill(ada)).to_have_text("saved on this device")
    token = ada.locator("[name=csrfmiddlewaretoken]").first.input_value()
    sign_out = live_server.url + reverse("sign_out")
    ada.request.post(sign_out, form={"csrfmiddlewaretoken": token}, max_redirects=0)
    assert len(kept(ada)) == 1
    ada.goto(live_server.url + reverse("sign_in"))
    expect(ada.get_by_role("heading", name="Sign in")).to_be_visible()
    ada.wait_for_function("!document.cookie.includes('device_wipe')")
    assert kept(ada) == []


@pytest.mark.walks
def test_time_on_task_counts_only_visible_active_seconds_and_begins_anew_with_each_latent(
    her_browser: BrowserContext, url: str
) -> None:
    page = her_browser.new_page()
    page.clock.install()
    wait_for_sheets_ahead(page, url)
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))

    def counted() -> int:
        return int(page.locator("[data-active-seconds]").input_value() or 0)

    page.mouse.move(5, 5)
    start = counted()
    page.clock.run_for(20_000)
    assert counted() - start == 20
    page.clock.run_for(600_000)
    assert counted() - start == 60
    page.mouse.move(9, 9)
    page.clock.run_for(5_000)
    assert counted() - start == 65
    page.evaluate("Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })")
    page.mouse.move(20, 20)
    page.clock.run_for(30_000)
    assert counted() - start == 65
    page.evaluate("delete document.visibilityState")
    fill(page)
    submit(page)
    expect_latent(page, 2, 16)
    assert counted() == 0
    page.mouse.move(30, 30)
    page.clock.run_for(3_000)
    assert counted() == 3
    page.clock.resume()
    expect(page.get_by_text(NEXT)).to_be_visible()
    assert Rating.objects.get().active_seconds == start + 65


@pytest.mark.walks
def test_a_draft_from_this_device_goes_up_though_its_latent_is_with_a_colleague_now(
    wide: World, her_browser: BrowserContext, url: str, ada: Page, noise: None
) -> None:
    her_browser.route(DRAFTS, abort)
    ada.get_by_label("Why?").fill("Begun without a network")
    expect(pill(ada)).to_have_text("saved on this device")
    slot = slot_on(ada, wide)
    ada.close()
    bea = add_rater(wide, "bea", wide.north)
    Slot.objects.filter(pk=slot.pk).update(rater=bea)
    her_browser.unroute(DRAFTS)
    again = her_browser.new_page()
    with again.expect_response(DRAFTS):
        again.goto(url)
    expect(again.get_by_label("Why?")).to_have_value("")
    again.wait_for_function(NOTHING_KEPT)
    draft = Draft.objects.get()
    assert (draft.latent_id, draft.answers["rationale"]) == (slot.latent_id, "Begun without a network")


@pytest.mark.walks
def test_declining_drops_what_was_entered_from_the_device_too(
    her_browser: BrowserContext, ada: Page, noise: None
) -> None:
    her_browser.route(DRAFTS, abort)
    ada.get_by_label("Why?").fill("Not my field after all")
    expect(pill(ada)).to_have_text("saved on this device")
    ada.locator("summary", has_text="Not my field").click()
    ada.get_by_role("button", name="Give it to a colleague").click()
    expect(ada.get_by_label("Why?")).to_have_value("")
    assert kept(ada) == []


def report(world: World, snippet: int) -> None:
    """A colleague elsewhere says that it may show a person."""
    report_snippet(study=world.study, snippet=Snippet.objects.get(pk=snippet), by=world.ben, now=timezone.now())


def snippets_on(page: Page) -> list[int]:
    found: list[int] = page.evaluate(
        "[...document.querySelectorAll('[data-snippet]')].map((one) => +one.dataset.snippet)"
    )
    return found


def next_snippets(world: World, page: Page) -> list[int]:
    """Of the sheet that is fetched ahead and comes next."""
    own = slot_on(page, world)
    ahead = Slot.objects.filter(rater=world.ada).exclude(pk=own.pk).latest("lease_expires_at")
    return snippets_shown([ahead.latent_id])[ahead.latent_id]


@pytest.mark.walks
def test_a_sheet_ahead_is_not_shown_as_it_was_once_a_snippet_of_it_was_hidden(wide: World, ada: Page) -> None:
    shown = next_snippets(wide, ada)
    report(wide, shown[0])
    drawn = ada.evaluate_handle("() => { window.drawn = []; return window.drawn; }")
    ada.evaluate(
        "() => new MutationObserver(() => document.querySelectorAll('[data-snippet]').forEach("
        "(one) => window.drawn.push(+one.dataset.snippet))).observe(document.body, { childList: true, subtree: true })"
    )
    ada.evaluate("addEventListener('pagehide', () => sessionStorage.setItem('drawn', JSON.stringify(window.drawn)))")
    drawn.dispose()
    fill(ada)
    submit(ada)
    expect_latent(ada, 2, 16)
    expect(ada.get_by_text(NEXT)).to_be_visible()
    assert shown[0] not in snippets_on(ada)
    assert shown[0] not in ada.evaluate("JSON.parse(sessionStorage.getItem('drawn')) ?? window.drawn")
    assert Rating.objects.count() == 1


@pytest.mark.walks
def test_who_was_withdrawn_is_shown_no_sheet_that_was_fetched_ahead(wide: World, ada: Page, noise: None) -> None:
    ahead = next_snippets(wide, ada)
    Membership.objects.filter(user=wide.ada).update(withdrawn_at=timezone.now())
    fill(ada)
    submit(ada)
    expect(ada.get_by_text("You withdrew from")).to_be_visible()
    assert not set(ahead) & set(snippets_on(ada))


@pytest.mark.walks
@pytest.mark.parametrize("what", ["the round closed", "its place went to a colleague"])
def test_a_sheet_ahead_that_is_hers_no_more_is_not_shown(wide: World, ada: Page, noise: None, what: str) -> None:
    ahead = next_snippets(wide, ada)
    if what == "the round closed":
        close_round(round_=wide.study.rounds.get(), by=wide.rosa, now=timezone.now())
    else:
        bea = add_rater(wide, "bea", wide.north)
        Slot.objects.filter(rater=wide.ada).exclude(pk=slot_on(ada, wide).pk).update(rater=bea)
    fill(ada)
    submit(ada)
    if what == "the round closed":
        expect(ada.get_by_text("This round is closed").first).to_be_visible()
    else:
        expect(ada.get_by_text(NEXT)).to_be_visible()
        expect_latent(ada, 2, 16)
    assert not set(ahead) & set(snippets_on(ada))


@pytest.mark.walks
def test_a_snippet_that_somebody_reports_leaves_the_page_of_whoever_has_it_open(
    wide: World, her_browser: BrowserContext, url: str
) -> None:
    page = her_browser.new_page()
    page.clock.install()
    wait_for_sheets_ahead(page, url)
    page.get_by_label("Why?").fill("In the middle of it")
    shown = snippets_on(page)
    report(wide, shown[0])
    page.mouse.move(9, 9)
    page.clock.run_for(61_000)
    expect(page.get_by_text("Hidden meanwhile").first).to_be_visible()
    left = snippets_on(page)
    assert shown[0] not in left
    assert set(left) < set(shown)
    expect(page.get_by_label("Why?")).to_have_value("In the middle of it")


@pytest.mark.walks
def test_a_draft_on_its_way_is_called_back_by_the_submit_and_does_not_come_to_life_after_it(
    wide: World, ada: Page
) -> None:
    place = slot_on(ada, wide)
    with transaction.atomic():
        Slot.objects.select_for_update().get(pk=place.pk)
        with ada.expect_request(DRAFTS):
            fill(ada)
        with ada.expect_event("requestfailed", lambda request: request.url.endswith("/api/drafts/")):
            submit(ada)
        ada.wait_for_timeout(300)
    expect(ada.get_by_text(NEXT)).to_be_visible()
    ada.wait_for_timeout(300)
    assert Rating.objects.get().latent_id == place.latent_id
    assert not Draft.objects.exists()
    assert kept(ada) == []


@pytest.mark.walks
def test_what_is_read_aloud_is_trouble_and_its_end_and_not_every_pause_in_typing(
    her_browser: BrowserContext, ada: Page, noise: None
) -> None:
    ada.evaluate(
        "() => { window.said = []; new MutationObserver(() => window.said.push(document.querySelector("
        "'[data-save-said]').textContent)).observe(document.querySelector('[data-save-said]'), { childList: true }); }"
    )
    for word in ("One", "two", "three"):
        ada.get_by_label("Why?").fill(word)
        expect_saved(ada)
    assert ada.evaluate("window.said") == []
    her_browser.route(DRAFTS, abort)
    for word in ("four", "five"):
        ada.get_by_label("Why?").fill(word)
        expect(pill(ada)).to_have_text("saved on this device")
        ada.wait_for_timeout(900)
    her_browser.unroute(DRAFTS)
    expect_saved(ada)
    said = ada.evaluate("window.said")
    assert said[0] == "saved on this device"
    assert re.fullmatch(r"saved \d\d:\d\d", said[1])
    assert len(said) == 2


@pytest.fixture
def revising(wide: World, live_server: LiveServer, her_browser: BrowserContext) -> Page:
    """Ada looks at her only rating once more."""
    given = rate_next(wide.study, wide.ada, concept="troponin", rationale="It is there")
    assert given is not None
    page = her_browser.new_page()
    page.goto(live_server.url + reverse("revise_rating", args=[wide.study.slug, given.pk]))
    return page


@pytest.mark.walks
def test_a_second_thought_outlives_a_killed_tab_without_a_network_and_goes_out_once(
    her_browser: BrowserContext, revising: Page, noise: None
) -> None:
    address = revising.url
    her_browser.set_offline(True)
    revising.get_by_label("Why?").fill("It rose")
    revising.get_by_label("Why do you change it?").fill("I overlooked the second value")
    expect(pill(revising)).to_have_text("saved on this device")
    revising.get_by_role("button", name="Save the revision").click()
    expect(revising.get_by_text("The site cannot be reached.")).to_be_visible()
    crash(revising)
    her_browser.set_offline(False)
    assert Rating.objects.count() == 1
    again = her_browser.new_page()
    again.goto(address)
    expect(again.get_by_label("Why?")).to_have_value("It rose")
    expect_saved(again)
    assert Draft.objects.get().answers["reason"] == "I overlooked the second value"
    again.get_by_role("button", name="Save the revision").dblclick()
    expect(again.get_by_text("The first stays on record.")).to_be_visible()
    assert list(Rating.objects.order_by("revision").values_list("rationale", flat=True)) == ["It is there", "It rose"]
    assert not Draft.objects.exists()
    assert kept(again) == []


@pytest.mark.walks
def test_a_second_thought_outlives_a_session_that_ends(wide: World, revising: Page, noise: None) -> None:
    revising.get_by_label("Why?").fill("It rose")
    expect_saved(revising)
    every_session_ends()
    revising.get_by_label("Why do you change it?").fill("I overlooked the second value")
    revising.get_by_role("button", name="Save the revision").click()
    expect(revising.get_by_text("You are signed out.")).to_be_visible()
    sign_in_again(revising, wide)
    expect_saved(revising)
    revising.get_by_role("button", name="Save the revision").click()
    expect(revising.get_by_text("The first stays on record.")).to_be_visible()
    assert Rating.objects.get(revision=2).reason == "I overlooked the second value"


@pytest.mark.walks
def test_time_on_task_goes_on_after_a_pause_though_nothing_had_been_entered(
    her_browser: BrowserContext, url: str
) -> None:
    page = her_browser.new_page()
    page.clock.install()
    wait_for_sheets_ahead(page, url)
    page.mouse.move(5, 5)
    page.clock.run_for(20_000)
    before = int(page.locator("[data-active-seconds]").input_value())
    assert before >= 20
    page.get_by_role("link", name="Pause").click()
    expect(page.get_by_role("heading", name="Your studies")).to_be_visible()
    page.clock.run_for(60_000)
    page.goto(url)
    counted = page.locator("[data-active-seconds]")
    expect(counted).not_to_have_value("")
    assert before <= int(counted.input_value()) <= before + 5
