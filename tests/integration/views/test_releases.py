"""The releases page: who cuts, what is shown, and that a download cannot be led astray."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.people import add_member
from annotation.actions.permitting_text import permit_text
from annotation.actions.releasing import request_release, write_release
from annotation.enums import AuditVerb, ReleaseState, Role
from annotation.export.chosen import Chosen
from annotation.export.schema import tables
from annotation.models import AuditEvent, Release, Study, User
from annotation.queries.release_progress import noting
from tests import world as worlds
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]
TABLES = len(tables([], [], Chosen()))
"""Of a release; each is written as CSV, JSON Lines and Parquet."""
ABOUT = 4
"""Manifest, data card, README and checksums."""


def page(world: World) -> str:
    return reverse("releases", args=[world.study.slug])


def file(world: World, name: str, number: int = 1) -> str:
    return reverse("release_file", args=[world.study.slug, number, name])


def shown(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return str(response.content.decode())


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


@pytest.fixture
def released(transactional_db: None) -> World:
    """The world after two ratings, with its first release ready."""
    world = worlds.build()
    rate_next(world.study, world.ada)
    rate_next(world.study, world.ben, concept="troponin")
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=NOW + timedelta(minutes=1))
    return world


def test_before_any_rating_there_is_nothing_to_cut(world: World, signed_in: SignIn) -> None:
    rosa = signed_in(world.rosa)
    html = shown(rosa.get(page(world)))
    assert "Nothing to release yet" in html
    assert "Cut release" not in html
    html = shown(rosa.post(page(world), follow=True))
    assert "Nobody has rated in this study yet." in html
    assert not Release.objects.exists()


def test_the_page_says_what_goes_in_and_that_results_are_stale(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    html = shown(signed_in(world.rosa).get(page(world)))
    assert "Cut release 1" in html
    assert "they are computed again before it is written" in html


def test_the_page_says_that_no_text_leaves_and_why_until_both_permit_it(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    rosa = signed_in(world.rosa)
    html = shown(rosa.get(page(world)))
    assert "No text of notes leaves: this study&#x27;s settings do not say so, and nobody has permitted it" in html
    Study.objects.filter(pk=world.study.pk).update(release_snippets=True)
    assert world.study.run is not None
    permit_text(corpus=world.study.run.corpus, may_leave=True, words="Agreement 7.", by=None, now=NOW)
    assert "Snippets leave with their text" in shown(rosa.get(page(world)))


def test_one_button_cuts_the_release_and_its_card_asks_for_itself(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    rosa = signed_in(world.rosa)
    html = shown(rosa.post(page(world), follow=True))
    assert "Release 1 is being written." in html
    card = reverse("release", args=[world.study.slug, 1])
    assert f'hx-get="{card}"' in html
    partial = shown(rosa.get(card, headers={"HX-Request": "true"}))
    assert partial.count("<article") == 1
    assert "<html" not in partial
    assert "Cut release" not in html


def test_while_it_is_written_the_card_says_which_table_and_how_many_rows(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    rosa, address = signed_in(world.rosa), reverse("release", args=[world.study.slug, 1])

    def card() -> str:
        return shown(rosa.get(address, headers={"HX-Request": "true"}))

    assert "Computing results where they are stale" in card()
    first, second, *_ = tables([], [], Chosen())
    batch = pa.RecordBatch.from_pydict({"n": list(range(15_000))})
    for table, batches in noting(release.pk, ((one, [batch, batch]) for one in (first, second)), tables=2):
        batches = iter(batches)
        next(batches)
        assert f"Writing {table.name}" in card()
        before = card()
        assert sum(one.num_rows for one in batches) == 15_000
        assert card() != before  # More than 20,000 rows have gone by.
    assert "Packing the zip" in card()
    assert "60,000 rows." in card()


def test_a_second_click_cuts_no_second_release(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    rosa = signed_in(world.rosa)
    rosa.post(page(world))
    rosa.post(page(world))
    assert Release.objects.count() == 1


def test_a_failed_release_shows_its_sentence(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    Release.objects.filter(pk=release.pk).update(state=ReleaseState.FAILED, failure="The disk was full.")
    html = shown(signed_in(world.rosa).get(page(world)))
    assert "The disk was full." in html
    assert "Cut release 2" in html


def test_every_file_is_offered_with_its_checksum_and_comes_as_it_is(released: World, signed_in: SignIn) -> None:
    rosa = signed_in(released.rosa)
    response = rosa.get(page(released))
    html = shown(response)
    (card,) = response.context["cards"]
    files = [one for table in card.tables for one in table.files] + [*card.about, card.archive]
    assert len(files) == TABLES * 3 + ABOUT + 1
    for one in files:
        assert file(released, one.name) in html
        assert "{#" not in html
        got = rosa.get(file(released, one.name))
        content = body(got)
        assert len(content) == one.bytes
        assert not one.sha256 or hashlib.sha256(content).hexdigest() == one.sha256
        assert got["Content-Disposition"] == f'attachment; filename="{one.name}"'
        assert got["X-Content-Type-Options"] == "nosniff"
    assert {one.name for one in files if not one.sha256} == {"SHA256SUMS"}


def test_the_zip_holds_all_of_it(released: World, signed_in: SignIn) -> None:
    rosa = signed_in(released.rosa)
    archive = zipfile.ZipFile(io.BytesIO(body(rosa.get(file(released, "hearts-release-1.zip")))))
    assert archive.testzip() is None
    assert len(archive.namelist()) == TABLES * 3 + ABOUT
    assert all(name.startswith("hearts-release-1/") for name in archive.namelist())
    manifest = json.loads(archive.read("hearts-release-1/manifest.json"))
    assert manifest == Release.objects.get().manifest


def test_when_it_is_ready_the_card_asks_for_the_page_anew(released: World, signed_in: SignIn) -> None:
    card = reverse("release", args=[released.study.slug, 1])
    rosa = signed_in(released.rosa)
    assert rosa.get(card, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert rosa.get(card)["Location"] == f"{page(released)}#release-1"


@pytest.mark.parametrize(
    "name",
    ["..%2F1%2Fmanifest.json", "%2Fetc%2Fpasswd", "..", "other.csv", "ratings.csv%00", ".hidden", "ratings", "%2e%2e"],
)
def test_no_other_name_opens_a_file(released: World, signed_in: SignIn, name: str) -> None:
    rosa = signed_in(released.rosa)
    assert rosa.get(page(released) + f"1/files/{name}").status_code == 404


def test_there_is_no_file_of_a_release_that_is_not_there(released: World, signed_in: SignIn) -> None:
    assert signed_in(released.rosa).get(file(released, "ratings.csv", number=2)).status_code == 404


def test_a_download_is_audited_with_its_file(released: World, signed_in: SignIn) -> None:
    body(signed_in(released.rosa).get(file(released, "ratings.csv")))
    event = AuditEvent.objects.get(verb=AuditVerb.RELEASE_DOWNLOADED)
    assert (event.actor, event.study) == (released.rosa.pk, released.study.pk)
    assert event.detail == {"number": 1, "file": "ratings.csv"}


def test_files_that_were_taken_away_are_missed_with_a_sentence(
    released: World, signed_in: SignIn, settings: Any
) -> None:
    settings.ARTIFACT_ROOT = settings.ARTIFACT_ROOT / "elsewhere"
    rosa = signed_in(released.rosa)
    assert "no longer where they were written" in shown(rosa.get(page(released)))
    assert rosa.get(file(released, "ratings.csv")).status_code == 404


def test_strangers_find_nothing_and_others_a_sentence(released: World, signed_in: SignIn) -> None:
    addresses = [page(released), reverse("release", args=["hearts", 1]), file(released, "ratings.csv")]
    for address in addresses:
        assert signed_in(released.sven).get(address).status_code == 404
        assert Client().get(address)["Location"].startswith("/sign-in/")
        for user in (released.ada, released.cora, released.nora):
            assert "role of researcher" in shown(signed_in(user).get(address), 403)
    assert not AuditEvent.objects.filter(verb=AuditVerb.RELEASE_DOWNLOADED).exists()


def test_the_researcher_of_another_study_finds_nothing(released: World, signed_in: SignIn) -> None:
    other = Study.objects.create(
        slug="other", name="Other", rubric=released.study.rubric, created_at=NOW, created_by=released.sven
    )
    add_member(study=other, user=released.sven, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    sven = signed_in(released.sven)
    assert sven.get(file(released, "ratings.csv")).status_code == 404
    assert sven.get(reverse("release_file", args=["other", 1, "ratings.csv"])).status_code == 404


def test_a_researcher_who_may_still_rate_stays_blind(released: World, signed_in: SignIn) -> None:
    add_member(
        study=released.study, user=released.rosa, role=Role.ANNOTATOR, institution=released.north, by=None, now=NOW
    )
    rosa = signed_in(released.rosa)
    for address in (page(released), file(released, "ratings.csv"), reverse("release", args=["hearts", 1])):
        assert "stay hidden" in shown(rosa.get(address), 403)
    assert rosa.post(page(released)).status_code == 403
