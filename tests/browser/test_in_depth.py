"""Two SAEs mined in one pass by the real workers, their latents matched, and a text tried on them in Chromium."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from annotation.actions.corpora import import_corpus
from annotation.actions.mining import request_runs
from annotation.actions.people import add_member
from annotation.actions.sampling import draw_sample
from annotation.actions.studies import create_study
from annotation.actions.subjects import register_sae
from annotation.enums import Role, RunState
from annotation.models import Latent, LatentMatch, MiningRun, RunPair, Study
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.browser.workers import GPU, WEB, worker
from tests.unit.saeserve.conftest import corpus_file, model_folder, other_sae_folder, plan, sae_folder
from tests.world import person, rubric

__all__ = ["corpus_file", "model_folder", "other_sae_folder", "plan", "sae_folder"]  # fixtures of the GPU side's tests
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.model]
TEXT = "PLAN: She denies chest pain since Monday.\nThe patient reports migraine 🤕 at rest."
SMALL = {"context_tokens": 60, "dtype": "float32", "top": 5, "foils": 3, "held_out": 4, "overlap_tokens": 8}
WIDTHS = (1440, 1024, 390)


@pytest.fixture
def artifacts(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """An artifact root and queues of this test's own."""
    root = tmp_path / "artifacts"
    root.mkdir()
    settings.ARTIFACT_ROOT = root
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.flushdb()
    yield root
    broker.flushdb()


@pytest.fixture
def runs(
    artifacts: Path, model_folder: Path, sae_folder: Path, other_sae_folder: Path, corpus_file: Path
) -> list[MiningRun]:
    """Two SAEs of one model, of two layers and widths, asked for together."""
    now = timezone.now()
    corpus = import_corpus(name="Made up", source="Written for the tests.", paths=[corpus_file], by=None, now=now)
    saes = [
        register_sae(name=name, folder=folder, model_name="Tiny", model_folder=model_folder, by=None, now=now)
        for name, folder in (("Layer 1", sae_folder), ("Layer 2", other_sae_folder))
    ]
    return request_runs(saes=saes, corpus=corpus, by=None, now=now, shard_tokens=4_096, **SMALL)


def study_of(run: MiningRun, slug: str) -> Study:
    now = timezone.now()
    rosa = person("rosa") if slug == "first" else Study.objects.get(slug="first").created_by
    study = create_study(
        slug=slug, name=slug.title(), purpose="", rubric=rubric(now), run=run, concepts=[], by=rosa, now=now,
        sample_size=4, raters_per_latent=2, minimum_documents=5, maximum_density=0.5,
    )  # fmt: skip
    add_member(study=study, user=rosa, role=Role.RESEARCHER, institution=None, by=None, now=now)
    return study


def wait_until(condition: Callable[[], Any], page: Page, what: str, log: Path) -> None:
    for _ in range(240):
        if condition():
            return
        page.wait_for_timeout(500)
    pytest.fail(f"{what} did not happen. {log.read_text()[-3000:]}")


def fits(page: Page) -> None:
    """No page is wider than the screen, at any size, light or dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert beyond == 0, f"{page.url} is {beyond} px wider than a screen of {width} px"
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.walks
def test_from_two_saes_to_a_tried_text(
    live_server: LiveServer,
    context: BrowserContext,
    browser: Browser,
    runs: list[MiningRun],
    artifacts: Path,
    tmp_path: Path,
) -> None:
    study, other = study_of(runs[0], "first"), study_of(runs[1], "second")
    enter(context, live_server.url, study.created_by)
    page = context.new_page()
    log = tmp_path / "gpu.log"
    with worker(WEB, artifacts, tmp_path / "web.log"), worker(GPU, artifacts, log):
        page.goto(live_server.url + reverse("study", args=[study.slug]))
        finished = MiningRun.objects.filter(state=RunState.FINISHED)
        wait_until(lambda: finished.count() == 2, page, "the end of both runs", log)
        wait_until(RunPair.objects.filter(ended_at__isnull=False).exists, page, "matching", log)
        expect(page.get_by_role("button", name="Draw the sample")).to_be_visible(timeout=30_000)
        draw_sample(study=study, by=study.created_by, now=timezone.now())
        matched = read_a_latent(page, live_server.url, study, other)
        try_a_text(page, live_server.url, study, matched)
        without_script(browser, live_server.url, study)


def read_a_latent(page: Page, site: str, study: Study, other: Study) -> Latent:
    """Its page shows what the workers found, and leads to the latent of the other SAE that resembles it."""
    match = (
        LatentMatch.objects.filter(
            latent__run=study.run, rank=0, correlation__gt=0.4, latent__in=study.sample.values("latent")
        ).first()
        or LatentMatch.objects.filter(latent__run=study.run, rank=0, correlation__isnull=False).first()
    )
    assert match is not None
    page.goto(site + reverse("latent", args=[study.slug, match.latent.index]))
    for card in ("Firing", "Where it fires", "Tokens", "Company", "In other SAEs"):
        expect(page.get_by_role("heading", name=card, exact=True)).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Position in the note"))).to_be_visible()
    fits(page)
    page.get_by_role("region", name="Layer 2").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(reverse("latents", args=[other.slug]) + r"\d+/$"))
    sampled = study.sample.select_related("latent").order_by("position")[0].latent
    page.goto(site + reverse("latent", args=[study.slug, sampled.index]))
    context = page.get_by_text("Wider context").first
    expect(page.locator(".context").first).to_be_hidden()
    context.click()
    expect(page.locator(".context").first).to_be_visible()
    return sampled


def try_a_text(page: Page, site: str, study: Study, latent: Latent) -> None:
    page.get_by_role("link", name="Try a text on it").click()
    box = page.get_by_role("textbox", name="Your text")
    box.fill(TEXT)
    expect(page.get_by_text(f"{len(TEXT)} of at most 20,000 characters")).to_be_visible()
    expect(page.get_by_label("Latent to follow word by word")).to_have_value(str(latent.index))
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("heading", name="Latents that fire most")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", name=f"Latent {latent.index} on your text")).to_be_visible()
    show = page.get_by_role("button", name=re.compile("Show this one")).first
    chosen = show.get_attribute("value")
    show.click()
    expect(page.get_by_role("heading", name=f"Latent {chosen} on your text")).to_be_visible(timeout=60_000)
    expect(box).to_have_value(TEXT)  # it came with the form: nobody pasted it again
    step_through_tokens(page)
    fits(page)


def step_through_tokens(page: Page) -> None:
    """The number of a shaded word shows on hover and on focus, and is in the table."""
    tokens = page.locator(".token")
    shown = "element => getComputedStyle(element, '::after').content"
    first = tokens.first
    assert first.evaluate(shown) == "none"
    first.hover()
    number = first.get_attribute("data-activation")
    assert first.evaluate(shown) == f'"{number}"'
    page.mouse.move(0, 0)
    first.focus()
    assert first.evaluate(shown) == f'"{number}"'
    if tokens.count() > 1:
        press(page, "ArrowRight")
        expect(tokens.nth(1)).to_be_focused()
        press(page, "Home")
        expect(first).to_be_focused()
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("region", name="Tokens on which it fires").get_by_role("row")).to_have_count(
        tokens.count() + 1
    )


def without_script(browser: Browser, site: str, study: Study) -> None:
    """The same by links and forms alone."""
    plain = browser.new_context(java_script_enabled=False)
    enter(plain, site, study.created_by)
    page = plain.new_page()
    page.goto(site + reverse("try_text", args=[study.slug]))
    page.get_by_role("textbox", name="Your text").fill(TEXT)
    page.get_by_role("button", name="Try it").click()
    for _ in range(60):
        if page.get_by_role("heading", name="Latents that fire most").is_visible():
            break
        page.wait_for_timeout(500)
        page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", name="Latents that fire most")).to_be_visible()
    plain.close()


@pytest.mark.walks
def test_a_run_is_cancelled_and_resumed_from_the_page(
    live_server: LiveServer, context: BrowserContext, runs: list[MiningRun], artifacts: Path, tmp_path: Path
) -> None:
    study = study_of(runs[0], "first")
    enter(context, live_server.url, study.created_by)
    page = context.new_page()
    page.goto(live_server.url + reverse("study", args=[study.slug]))
    page.get_by_role("button", name="Cancel mining").click()
    expect(page.get_by_text("The mining run is cancelled.").first).to_be_visible()
    fits(page)
    log = tmp_path / "gpu.log"
    with worker(WEB, artifacts, tmp_path / "web.log"), worker(GPU, artifacts, log):
        other = MiningRun.objects.filter(pk=runs[1].pk, state=RunState.FINISHED)
        wait_until(other.exists, page, "the end of the run that was not cancelled", log)
        runs[0].refresh_from_db()
        assert runs[0].state == RunState.CANCELLED
        page.get_by_role("button", name="Resume mining").click()
        expect(page.get_by_text("The mining run goes on from what it had mined.")).to_be_visible()
        expect(page.get_by_role("button", name="Draw the sample")).to_be_visible(timeout=120_000)
