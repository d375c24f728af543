"""In real Chromium: the pages of a study on an imported run, and a release taken away for another tool."""

import os
import zipfile
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext
from pytest_django.live_server_helper import LiveServer

from annotation.actions.importing_runs import import_run
from annotation.actions.releasing import request_release, write_release
from annotation.interop.neuronpedia.reading import read_neuronpedia
from annotation.models import Study, User
from tests.browser.axe import as_lines, violations
from tests.browser.enter import enter
from tests.imported_world import studied
from tests.interop_files import write_neuronpedia
from tests.world import NOW, rate_next

pytestmark = pytest.mark.django_db(transaction=True)
SIZES = ((1440, 900), (390, 844))


@pytest.fixture
def study(transactional_db: None, tmp_path: Path) -> Study:
    """Ada has rated two latents of a run from Neuronpedia's files; release 1 is ready."""
    folder = write_neuronpedia(tmp_path / "source")
    run = import_run(read=lambda: read_neuronpedia(folder), source="Written for the tests.", by=None, now=NOW)
    made = studied(run)
    for _ in range(2):
        rate_next(made, User.objects.get(email="ada@hospital.example"))
    release = request_release(study=made, by=_rosa(), now=NOW)
    write_release(release_id=release.pk, now=timezone.now())
    return made


def test_an_imported_runs_pages_are_readable_and_its_release_leaves_for_another_tool(
    study: Study, live_server: LiveServer, context: BrowserContext, tmp_path: Path
) -> None:
    enter(context, live_server.url, _rosa())
    page, found = context.new_page(), {}
    latent = study.sample.select_related("latent").order_by("position")[0].latent.index
    for name, parts in (("study", []), ("latent", [latent]), ("releases", [])):
        page.goto(live_server.url + reverse(name, args=[study.slug, *parts]))
        page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        found[name] = violations(page)
        if "SHOTS" in os.environ:
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                for width, height in ((1440, 900), (1024, 768), (390, 844)):
                    page.set_viewport_size({"width": width, "height": height})
                    page.screenshot(path=f"{os.environ['SHOTS']}/{name}-{width}-{scheme}.png", full_page=True)
            page.emulate_media(color_scheme="light")
    assert not any(found.values()), as_lines(found)
    with page.expect_download() as started:
        page.get_by_role("link", name="Neuronpedia, zip").click()
    assert started.value.suggested_filename == "imported-release-1-neuronpedia.zip"
    started.value.save_as(tmp_path / "out.zip")
    assert "imported-release-1-neuronpedia/README.txt" in zipfile.ZipFile(tmp_path / "out.zip").namelist()


def _rosa() -> User:
    return User.objects.get(email="rosa@hospital.example")
