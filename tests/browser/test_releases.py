"""In real Chromium: a release from the button to an intact folder, and a person from her link to her password."""

import zipfile
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from annotation.actions.links import issue_link
from annotation.actions.releasing import write_release
from annotation.export.verify import verify
from annotation.models import Release, User
from tests.browser.enter import enter
from tests.world import World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.walks
def test_a_release_is_cut_with_one_button_and_downloaded_whole(
    world: World, live_server: LiveServer, context: BrowserContext, tmp_path: Path
) -> None:
    rate_next(world.study, world.ada)
    rate_next(world.study, world.ben, concept="troponin")
    enter(context, live_server.url, world.rosa)
    page = context.new_page()
    page.goto(live_server.url + reverse("releases", args=[world.study.slug]))
    page.get_by_role("button", name="Cut release 1").click()
    card = page.locator("#release-1")
    expect(card).to_contain_text("Computing results where they are stale")
    write_release(release_id=Release.objects.get().pk, now=timezone.now())
    expect(card.get_by_role("link", name="Download all")).to_be_visible(timeout=10_000)
    with page.expect_download() as started:
        card.get_by_role("link", name="Download all").click()
    assert started.value.suggested_filename == "hearts-release-1.zip"
    started.value.save_as(tmp_path / "release.zip")
    zipfile.ZipFile(tmp_path / "release.zip").extractall(tmp_path)
    verdict = verify(tmp_path / "hearts-release-1")
    assert verdict.problems == ()
    card.get_by_text("files, one by one").click()
    with page.expect_download() as started:
        card.get_by_role("link", name="ratings.csv").click()
    assert Path(started.value.path()).read_bytes() == (tmp_path / "hearts-release-1" / "ratings.csv").read_bytes()


def test_a_person_enters_by_her_link_and_chooses_a_password(
    world: World, live_server: LiveServer, context: BrowserContext
) -> None:
    token = issue_link(user=world.ada, by=None, now=timezone.now())
    page = context.new_page()
    page.goto(f"{live_server.url}/enter/{token}/")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("heading", name="Your studies")).to_be_visible()
    expect(page.get_by_text("6 latents left for you in round 1.")).to_be_visible()
    page.goto(f"{live_server.url}/account/")
    page.get_by_label("Password", exact=True).fill("a horse reads troponin")
    page.get_by_label("The same again").fill("a horse reads troponin")
    page.get_by_role("button", name="Save the password").click()
    expect(page.get_by_text("Your password is set.")).to_be_visible()
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail").fill(world.ada.email)
    page.get_by_label("Password").fill("a horse reads troponin")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your studies")).to_be_visible()


def test_a_coordinator_hands_a_new_rater_her_link(
    world: World, live_server: LiveServer, context: BrowserContext
) -> None:
    enter(context, live_server.url, world.nora)
    page = context.new_page()
    page.goto(live_server.url + reverse("people", args=[world.study.slug]))
    page.get_by_label("Name").fill("Dr Ida")
    page.get_by_label("E-mail").fill("ida@hospital.example")
    page.get_by_role("button", name="Invite").click()
    link = page.locator(".people-address code").inner_text()
    context.clear_cookies()
    page.goto(link)
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_text("left for you in round 1.")).to_be_visible()
    assert User.objects.get(email="ida@hospital.example").last_login is not None
