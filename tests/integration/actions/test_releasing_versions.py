"""A release of a study that changed its rubric: every answer goes out under its version, and says whether it counts."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from annotation.actions.releasing import request_release, write_release
from annotation.actions.study_settings import change_study
from annotation.enums import ReleaseState
from annotation.export.recompute import recompute
from annotation.export.verify import verify
from annotation.models import Rating
from tests import world as worlds
from tests.rubric_world import TOUCHED, added, adopted
from tests.world import NOW, World, pseudonym, rate_next

pytestmark = pytest.mark.django_db(transaction=True)
NOTE = {
    "key": "note",
    "kind": "text",
    "question": "What else?",
    "required": False,
    "condition": {"item": "coherence", "values": [1, 2, 3, 4]},
    "examples": [{"text": "Chest pain.", "answer": "a site", "why": "Short is enough."}],
}


@pytest.fixture
def released(transactional_db: None) -> tuple[World, Path, Rating, Rating]:
    """Ben answered two latents under the first version; the second was asked again and he answered one of them."""
    world = worlds.build()
    change_study(study=world.study, settings={"release_raters": True}, by=world.rosa, now=NOW)
    older, other = rate_next(world.study, world.ben), rate_next(world.study, world.ben)
    assert older is not None
    assert other is not None
    adopted(world.study, world.rosa, lambda content: added(content, NOTE), ask=TOUCHED)
    newer = rate_next(world.study, world.ben, concept="troponin", note='A few,\nread as "dates".')
    assert newer is not None
    assert newer.latent_id in (older.latent_id, other.latent_id)
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=NOW)
    release.refresh_from_db()
    assert release.state == ReleaseState.READY, release.failure
    gone, kept = (older, other) if newer.latent_id == older.latent_id else (other, older)
    assert gone != kept
    return world, Path(settings.ARTIFACT_ROOT) / release.folder, gone, newer


def table(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]


def test_both_answers_are_there_and_only_the_one_to_the_newer_version_counts(
    released: tuple[World, Path, Rating, Rating],
) -> None:
    _, folder, _, _ = released
    rows = table(folder, "ratings")
    assert len(rows) == 3
    (again,) = (row for row in rows if row["round_kind"] == "again")
    (before,) = (row for row in rows if row["latent"] == again["latent"] and row is not again)
    assert (before["current"], before["weight_concept"]) == (False, None)
    assert again["current"] is True
    assert again["rubric_version"] == before["rubric_version"] + 1
    assert sum(row["current"] for row in rows) == 2
    assert verify(folder).problems == ()


def test_free_text_goes_out_as_it_was_written(released: tuple[World, Path, Rating, Rating]) -> None:
    _, folder, _, newer = released
    assert {row["answer_note"] for row in table(folder, "ratings")} == {None, newer.answers["note"]}
    assert "\n" in newer.answers["note"]
    assert not any(row["item"] == "note" for row in table(folder, "distributions") + table(folder, "agreement"))


def test_each_version_is_described_with_its_conditions_and_examples(
    released: tuple[World, Path, Rating, Rating],
) -> None:
    _, folder, _, _ = released
    rows = table(folder, "rubrics")
    numbers = {row["rubric_version"] for row in rows}
    assert len(numbers) == 2
    (note,) = (row for row in rows if row["item"] == "note")
    assert (note["kind"], note["rubric_version"]) == ("text", max(numbers))
    assert (note["asked_after_item"], note["asked_after_answers"]) == ("coherence", ["1", "2", "3", "4"])
    assert json.loads(note["examples"]) == NOTE["examples"]
    assert {row["asked_after_item"] for row in rows if row["item"] == "category"} == {None}


def test_the_manifest_names_the_version_in_force_with_its_sources(released: tuple[World, Path, Rating, Rating]) -> None:
    world, folder, _, _ = released
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["rubric"]["version"] == world.study.rubric.number
    assert manifest["rubric"]["sources"] == world.study.rubric.sources.splitlines()
    assert manifest["results"]["ratings"] == 2


def test_a_raters_count_is_of_what_counts(released: tuple[World, Path, Rating, Rating]) -> None:
    world, folder, _, _ = released
    counted = {row["pseudonym"]: row["ratings"] for row in table(folder, "raters")}
    assert counted[pseudonym(world.study, world.ben)] == 2
    named = {row["concept"]: row["ratings"] for row in table(folder, "concepts")}
    assert (named["chest pain"], named["troponin"], named["negation"]) == (1, 1, 0)


def test_results_over_two_versions_follow_from_the_files(released: tuple[World, Path, Rating, Rating]) -> None:
    _, folder, _, _ = released
    found = recompute(folder)
    assert found.problems == []
    assert {"version:1", "version:2"} <= {row["scope"] for row in table(folder, "agreement")}
