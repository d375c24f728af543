"""The researcher's walk in real Chromium: from the sample to a round, its results, and one latent."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotation.actions.follow_up import follow_up
from annotation.actions.mining import request_run
from annotation.actions.people import add_member
from annotation.actions.results import compute_results
from annotation.actions.studies import create_study
from annotation.actions.taking_in import note_run_ended
from annotation.enums import Role
from annotation.models import MiningRun, Study
from saeserve import contract
from tests import world as worlds
from tests.browser.enter import enter
from tests.world import NOW, World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)

WIDTHS = (1440, 1024, 390)


@pytest.fixture
def rated(world: World) -> World:
    """Everything is rated, one latent with two concepts; results are computed and followed up."""
    while rate_next(world.study, world.ada, concept="chest pain"):
        pass
    rate_next(world.study, world.ben, concept="troponin", rationale="Every top snippet is about troponin.")
    while rate_next(world.study, world.ben, concept="chest pain"):
        pass
    compute_results(study_id=world.study.pk, now=NOW)
    follow_up(study_id=world.study.pk, now=NOW)
    return world


@pytest.fixture
def mining(world: World) -> Study:
    """A second study of Rosa's whose run has not ended yet."""
    finished = world.study.run
    assert finished is not None
    run = request_run(sae=finished.sae, corpus=finished.corpus, by=world.rosa, now=NOW, seed=8)
    (Path(settings.ARTIFACT_ROOT) / "runs" / run.digest).mkdir(parents=True, exist_ok=True)
    study = create_study(
        slug="fresh",
        name="Fresh",
        purpose="",
        rubric=world.study.rubric,
        run=run,
        concepts=["troponin"],
        by=world.rosa,
        now=NOW,
        sample_size=4,
        raters_per_latent=2,
    )
    add_member(study=study, user=world.rosa, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    return study


def report(run: MiningRun, done: int) -> None:
    """What a worker writes while it mines: aside first, so that nobody reads half of it."""
    file = Path(settings.ARTIFACT_ROOT) / "runs" / run.digest / contract.PROGRESS_FILE
    aside = file.with_suffix(".new")
    told = contract.Progress(
        phase="mining", done=done, total=5_000, tokens_per_second=500.0, updated_at=run.sent_at.timestamp() + 1
    )
    aside.write_text(json.dumps(told.to_dict()))
    aside.rename(file)


def open_page(context: BrowserContext, live_server: LiveServer, name: str, study: Study, *parts: object) -> Page:
    page = context.new_page()
    page.goto(live_server.url + reverse(name, args=[study.slug, *parts]))
    return page


def test_the_researcher_opens_a_round_and_closes_it_after_reading_what_that_means(
    before_round: World, live_server: LiveServer, context: BrowserContext
) -> None:
    enter(context, live_server.url, before_round.rosa)
    page = open_page(context, live_server, "study", before_round.study)
    page.get_by_role("button", name="Open the round").click()
    expect(page.get_by_text("Round 1 is open: raters find their next latent on the Rate page.")).to_be_visible()
    expect(page.get_by_role("row", name="1 Independent")).to_contain_text("0 of 12")
    rate_next(before_round.study, before_round.ada)
    page.reload()
    expect(page.get_by_role("row", name="1 Independent")).to_contain_text("1 of 12")
    page.get_by_text("Close round 1").first.click()
    expect(page.get_by_text("11 places without a rating will be withdrawn")).to_be_visible()
    page.get_by_role("button", name="Close round 1").click()
    expect(page.get_by_text("Round 1 is closed. Its ratings and results stay.")).to_be_visible()
    expect(page.get_by_role("link", name="Cut a release")).to_be_visible()


def test_the_runs_bar_moves_by_itself_and_makes_room_for_the_sample(
    world: World, mining: Study, live_server: LiveServer, context: BrowserContext
) -> None:
    assert mining.run is not None
    enter(context, live_server.url, world.rosa)
    page = open_page(context, live_server, "study", mining)
    expect(page.get_by_text("Waiting for a GPU worker").first).to_be_visible()
    report(mining.run, 1_000)
    expect(page.get_by_text("1,000 of 5,000 tokens")).to_be_visible()
    report(mining.run, 4_000)
    expect(page.get_by_text("4,000 of 5,000 tokens")).to_be_visible()
    worlds.write_run(mining.run, 12)
    note_run_ended(digest=mining.run.digest, now=NOW)
    page.get_by_role("button", name="Draw the sample").click()
    expect(page.get_by_text("4 latents were drawn.")).to_be_visible()
    expect(page.locator("[hx-trigger]")).to_have_count(0)


def test_the_researcher_finds_the_contested_latent_and_reads_why(
    rated: World, live_server: LiveServer, context: BrowserContext
) -> None:
    enter(context, live_server.url, rated.rosa)
    page = open_page(context, live_server, "consensus", rated.study)
    page.get_by_label("Order").select_option("contested")
    expect(page).to_have_url(re.compile("sort=contested"))
    expect(page.locator("tbody tr").first).to_contain_text("tie")
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("heading", name="What raters made of it")).to_be_visible()
    expect(page.get_by_text("Every top snippet is about troponin.")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Dawid-Skene").first).to_be_visible()
    expect(page.locator("article").first).to_be_visible()
    look_alike = page.locator("article", has_text="does not fire").first
    expect(look_alike).to_be_hidden()
    page.get_by_text("Look-alikes, should not fire (6)").click()
    expect(page.locator("article", has_text="does not fire").last).to_be_visible()


def test_filters_and_column_heads_change_the_table_in_place(
    rated: World, live_server: LiveServer, context: BrowserContext
) -> None:
    enter(context, live_server.url, rated.rosa)
    page = open_page(context, live_server, "latents", rated.study)
    expect(page.locator("tbody tr")).to_have_count(6)
    page.get_by_label("Show").select_option("all")
    expect(page.locator("tbody tr")).to_have_count(12)
    page.get_by_role("link", name="Density").click()
    expect(page.locator("tbody th").first).to_have_text("Latent 11")
    expect(page.get_by_role("columnheader", name="Density")).to_have_attribute("aria-sort", "descending")
    expect(page.get_by_role("link", name="Density")).to_be_focused()
    page.go_back()
    expect(page.locator("tbody th").first).to_have_text("Latent 0")
    expect(page.get_by_role("heading", name="Latents", exact=True)).to_be_visible()


def test_agreement_is_a_plot_with_its_figures_in_words(
    rated: World, live_server: LiveServer, context: BrowserContext
) -> None:
    enter(context, live_server.url, rated.rosa)
    page = open_page(context, live_server, "agreement", rated.study)
    expect(page.get_by_role("region", name="Krippendorff’s alpha by rubric item")).to_be_visible()
    expect(page.get_by_text("An interval needs at least 10 latents").first).to_be_visible()
    expect(page.get_by_text("Undefined:").first).to_be_visible()


@pytest.mark.parametrize("scheme", [pytest.param("light", marks=pytest.mark.walks), "dark"])
def test_no_page_is_wider_than_the_screen(
    rated: World, live_server: LiveServer, context: BrowserContext, scheme: str
) -> None:
    enter(context, live_server.url, rated.rosa)
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    index = rated.study.sample.select_related("latent").order_by("position")[0].latent.index
    for name, *parts in (("study",), ("latents",), ("latent", index), ("agreement",), ("consensus",)):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(live_server.url + reverse(name, args=[rated.study.slug, *parts]))
            beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert beyond == 0, f"{name} is {beyond} px wider than a screen of {width} px"
