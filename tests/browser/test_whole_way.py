"""The whole way on the real model, with the product's own workers: from a corpus to a released label distribution.

Nothing is precomputed: the reference model and the reference SAE mine our notes on the gpu queue, the gpu worker is
killed in the middle, three raters rate, the web worker computes by itself, and the release that is downloaded verifies.
"""

import os
import runpy
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from annotation.actions.claiming import claim
from annotation.actions.corpora import import_corpus
from annotation.actions.mining import request_run
from annotation.actions.people import add_member
from annotation.actions.studies import create_study
from annotation.actions.subjects import register_sae
from annotation.enums import Role, RunState
from annotation.export.soft_labels import write_soft_labels
from annotation.export.verify import verify
from annotation.models import Agreement, Institution, MiningRun, ResultRun, Study, User
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.browser.workers import GPU, WEB, kill, worker
from tests.world import DEMO, person, rate_next, rubric

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.model]
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "soft_probe.py"
NOTES = ("cardiology", "radiology", "general-surgery", "neurology", "pulmonology", "nephrology")
PICTURE = os.environ.get("PICTURE")
"""A file to keep the rating page's picture in, for the README."""


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


def wait_until(condition: Callable[[], Any], what: str, seconds: float) -> Any:
    """The first true answer; a failure that names what did not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.5)
    pytest.fail(f"{what} did not happen within {seconds:.0f} s.")


def study_of_real_notes(model: Path) -> Study:
    now = timezone.now()
    paths = [DEMO / "notes" / f"{name}.jsonl" for name in NOTES]
    corpus = import_corpus(name="Some demo notes", source="Written for this project.", paths=paths, by=None, now=now)
    sae = register_sae(
        name="Reference SAE",
        folder=DEMO / "saes" / "layer-09",
        model_name="SmolLM2",
        model_folder=model,
        by=None,
        now=now,
    )
    rosa = person("rosa")
    study = create_study(
        slug="whole", name="The whole way", purpose="From notes to a release.", rubric=rubric(now),
        concepts=["chest pain", "negation"], by=rosa, now=now, sample_size=12, minimum_documents=10,
        run=request_run(sae=sae, corpus=corpus, by=rosa, now=now, shard_tokens=4_096),
    )  # fmt: skip
    add_member(study=study, user=rosa, role=Role.RESEARCHER, institution=None, by=None, now=now)
    for name in ("ada", "ben", "eve"):
        institution = Institution.objects.create(name=f"Hospital of {name}", code=name)
        add_member(study=study, user=person(name), role=Role.ANNOTATOR, institution=institution, by=None, now=now)
    return study


def user(name: str) -> User:
    return User.objects.get(email=f"{name}@hospital.example")


def test_from_notes_to_a_verified_release(
    live_server: LiveServer, context: BrowserContext, tmp_path: Path, artifacts: Path, reference_folder: Path
) -> None:
    study = study_of_real_notes(reference_folder)
    with worker(WEB, artifacts, tmp_path / "web.log"):
        mine_through_a_kill(study, artifacts, tmp_path / "gpu.log")
        enter(context, live_server.url, user("rosa"))
        page = context.new_page()
        page.goto(live_server.url + reverse("study", args=[study.slug]))
        page.get_by_role("button", name="Draw the sample").click()
        page.get_by_role("button", name="Open the round").click()
        expect(page.get_by_text("Raters are at work")).to_be_visible()

        rate_one_by_keyboard(context, live_server.url, study)
        rate_the_rest(study)
        wait_until(
            lambda: ResultRun.objects.filter(study=study, ratings=36).exists(), "the computation by the worker", 60
        )
        assert Agreement.objects.filter(run__study=study, item="concept", coefficient="alpha", value__gt=0).exists()

        context.clear_cookies()
        enter(context, live_server.url, user("rosa"))
        page.goto(live_server.url + reverse("consensus", args=[study.slug]))
        expect(page.get_by_text("from 36 ratings by 3 raters")).to_be_visible()
        page.goto(live_server.url + reverse("releases", args=[study.slug]))
        page.get_by_role("button", name="Cut release 1").click()
        with page.expect_download(timeout=60_000) as download:
            page.locator("#release-1").get_by_role("link", name="Download all").click(timeout=60_000)
        download.value.save_as(tmp_path / "release.zip")
    zipfile.ZipFile(tmp_path / "release.zip").extractall(tmp_path / "release")
    verdict = verify(tmp_path / "release" / "whole-release-1")
    assert verdict.problems == ()
    learn_from(tmp_path / "release" / "whole-release-1", study, artifacts)


def learn_from(release: Path, study: Study, artifacts: Path) -> None:
    """The documented example: a probe from the run's real activations to the raters' opinions, soft and hard."""
    assert study.run is not None
    labels = release.parent / "soft.parquet"
    assert write_soft_labels(release, labels) > 0
    examples = runpy.run_path(str(EXAMPLE))
    found = examples["main"]([str(labels), str(artifacts / "runs" / study.run.digest / "snippets.parquet")])
    assert set(found) == {"soft", "hard", "no features"}
    for figures in found.values():
        # What is said twice agrees: the distance to theta is the surprise beyond theta's own.
        assert 0 <= figures["KL divergence"] <= figures["soft cross-entropy"]
        assert 0 <= figures["total variation"] <= 1
        assert figures["risk at 100% coverage"] <= 1
    assert found["soft"]["soft cross-entropy"] < found["hard"]["soft cross-entropy"]
    with pytest.raises(SystemExit, match="not of the run that was rated"):
        examples["main"]([str(labels), str(DEMO / "snippets.parquet")])


def mine_through_a_kill(study: Study, artifacts: Path, log: Path) -> None:
    """The gpu worker dies by kill -9 in the middle of mining; the next one takes the run up and ends it."""
    assert study.run is not None
    shards = artifacts / "runs" / study.run.digest / "shards"
    with worker(GPU, artifacts, log) as doomed:
        wait_until(lambda: list(shards.glob("*.safetensors")), "the first shard", 240)
        kill(doomed)
    done = len(list(shards.glob("*.safetensors")))
    assert not MiningRun.objects.filter(pk=study.run.pk, state=RunState.FINISHED).exists()
    with worker(GPU, artifacts, log):
        finished = MiningRun.objects.filter(pk=study.run.pk, state=RunState.FINISHED)
        wait_until(finished.exists, f"the end of the run ({done} shards were done)", 300)


def rate_one_by_keyboard(context: BrowserContext, site: str, study: Study) -> None:
    context.clear_cookies()
    enter(context, site, user("ada"))
    page = context.new_page()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(site + reverse("rate", args=[study.slug]))
    press(page, "c")
    page.keyboard.type("chest pain")
    expect(page.get_by_role("option", name="chest pain")).to_be_visible()
    press(page, "ArrowDown", "Enter", "Escape", "a", "1", "4", "4", "4", "r")
    page.keyboard.type("Read by the test, not by a physician.")
    if PICTURE:
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        page.wait_for_timeout(800)
        page.screenshot(path=PICTURE)
    press(page, "Escape")
    press(page, "Enter")
    expect(page.get_by_text("Next latent.")).to_be_visible()
    page.close()


def rate_the_rest(study: Study) -> None:
    """All three agree on each latent but the one that was rated by keyboard."""
    for rater in map(user, ("ada", "ben", "eve")):
        while slot := claim(study=study, by=rater, now=timezone.now()):
            concept = "chest pain" if slot.latent_id % 3 else "negation"
            assert rate_next(study, rater, now=timezone.now(), concept=concept)
