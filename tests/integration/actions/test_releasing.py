"""A release: asked for, written by the worker, whole or not at all, and without a name in it."""

import csv
import json
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.db import OperationalError, connection

from annotation.actions import releasing
from annotation.actions.concepts import code_concept, take_back_fact
from annotation.actions.releasing import request_release, write_release
from annotation.actions.results import compute_results
from annotation.enums import AuditVerb, RaterAttribute, ReleaseState, Role
from annotation.export.verify import verify
from annotation.models import AuditEvent, Concept, Rating, Release, ResultRun, Study
from annotation.queries.audit_chain import verify_chain
from annotation.rules.refusal import NotYours, Refused
from tests import concept_world
from tests import world as worlds
from tests.code_indexes import lay_out
from tests.world import NOW, World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def rated(transactional_db: None) -> World:
    """Both raters have rated all six latents; Ben could not tell on his first and calls one not clinical."""
    world = worlds.build()
    while rate_next(world.study, world.ada):
        pass
    rate_next(world.study, world.ben, outcome="cannot-tell", rationale="")
    rate_next(world.study, world.ben, outcome="not-clinical", rationale="")
    while rate_next(world.study, world.ben, concept="Angina, “typical”", flags=["artefact"], coherence=2):
        pass
    return world


def cut(world: World) -> Release:
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=LATER)
    release.refresh_from_db()
    assert release.state == ReleaseState.READY, release.failure
    return release


def folder_of(release: Release) -> Path:
    return Path(settings.ARTIFACT_ROOT) / release.folder


def read_csv(release: Release, table: str, suffix: str = "") -> list[dict[str, str]]:
    with (folder_of(release) / f"{table}{suffix}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_json_lines(release: Release, table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder_of(release) / f"{table}.jsonl").read_text().splitlines()]


def test_a_release_is_asked_for_written_and_ready(rated: World) -> None:
    release = cut(rated)
    assert (release.number, release.cut_at) == (1, LATER)
    assert release.manifest == json.loads((folder_of(release) / "manifest.json").read_text())
    assert verify(folder_of(release)).problems == ()


def test_every_rating_is_a_row_with_answers_and_weights(rated: World) -> None:
    rows = read_json_lines(cut(rated), "ratings")
    assert len(rows) == 12
    first = next(row for row in rows if row["rater"] == "R01")
    assert (first["concept"], first["concept_written"]) == ("chest pain", "chest pain")
    assert first["answer_coherence"] == 4
    assert first["answer_flags"] == []
    assert 0 < first["weight_concept"] <= 2
    silent = next(row for row in rows if row["outcome"] == "cannot-tell")
    assert silent["concept"] is None
    assert silent["rationale"] is None
    assert silent["weight_concept"] is None
    assert all(row["simulated"] is False for row in rows)


def test_results_that_hold_every_rating_go_out_as_they_are_and_stale_ones_do_not(
    rated: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = compute_results(study_id=rated.study.pk, now=NOW)
    asked: list[int] = []

    def watched(*, study_id: int, now: datetime) -> ResultRun | None:
        asked.append(study_id)
        return compute_results(study_id=study_id, now=now)

    monkeypatch.setattr(releasing, "compute_results", watched)
    assert computed is not None
    assert cut(rated).manifest["results"]["input_digest"] == computed.input_digest
    assert asked == []
    original = Rating.objects.filter(study=rated.study, rater=rated.ada).earliest("pk")
    revision = {"latent": original.latent, "revision": 2, "reason": "I had misread the scale."}
    Rating.objects.create(**late_rating(rated, rated.ada) | revision)
    assert cut(rated).manifest["results"]["input_digest"] != computed.input_digest
    assert asked == [rated.study.pk]


def test_the_three_formats_hold_the_same(rated: World) -> None:
    Study.objects.filter(pk=rated.study.pk).update(release_raters=True, rater_attributes=RaterAttribute.values)
    release = cut(rated)
    for table in release.manifest["tables"]:
        lines = read_json_lines(release, table)
        cells = read_csv(release, table)
        columns = pq.read_table(folder_of(release) / f"{table}.parquet").to_pylist()
        assert len(lines) == len(cells) == len(columns) == release.manifest["tables"][table]["rows"]
        for line, row, typed in zip(lines, cells, columns, strict=True):
            assert list(line) == list(row) == list(typed)
            for name, value in line.items():
                stamped = isinstance(value, str) and hasattr(typed[name], "isoformat")
                assert typed[name] == value or (stamped and f"{typed[name]:%Y-%m-%dT%H:%M:%S.%f}Z" == value)
                assert from_cell(row[name], value) == value


def from_cell(cell: str, value: Any) -> Any:
    """The cell read back as the type of the value."""
    if value is None:
        return None if cell == "" else cell
    if isinstance(value, list):
        return json.loads(cell)
    if isinstance(value, bool):
        return {"true": True, "false": False}[cell]
    return type(value)(cell)


def test_a_release_holds_what_was_typed_what_it_counts_as_and_why(rated: World) -> None:
    angina = Concept.objects.get(study=rated.study, name__startswith="Angina")
    fact = concept_world.merge(rated, angina.name, "chest pain", reason='The same snippets, "the same" words.')
    back = concept_world.place(rated, "troponin", "laboratory finding")
    take_back_fact(fact=back, reason="A test is no finding.", by=rated.rosa, now=LATER)
    lay_out(settings.ARTIFACT_ROOT)
    code_concept(
        concept=concept_world.concept(rated, "chest pain"), system="hpo", code="HP:0100749", by=rated.rosa, now=NOW
    )
    release = cut(rated)
    ratings = [row for row in read_json_lines(release, "ratings") if row["concept"] == angina.name]
    assert ratings
    assert {row["concept_counted"] for row in ratings} == {"chest pain"}
    assert angina.name not in {row["class"] for row in read_json_lines(release, "distributions")}
    concepts = {row["concept"]: row for row in read_json_lines(release, "concepts")}
    assert concepts[angina.name]["counted_as"] == "chest pain"
    assert concepts[angina.name]["ratings"] == len(ratings)
    merged, placed, coded = read_json_lines(release, "concept_facts")
    assert (merged["kind"], merged["concept"], merged["other"]) == ("merged-into", angina.name, "chest pain")
    assert (merged["reason"], merged["stated_by"]) == (fact.reason, "S01")
    assert (placed["kind"], placed["taken_back_reason"]) == ("narrower-than", "A test is no finding.")
    assert (coded["code"], coded["term"], coded["code_release"]) == ("HP:0100749", "Chest pain", "2025-01-16")
    assert [told["name"] for told in release.manifest["code_systems"]] == ["HPO"]
    assert verify(folder_of(release)).problems == ()


def test_distributions_add_up_and_keep_the_minority(rated: World) -> None:
    rows = read_json_lines(cut(rated), "distributions")
    concepts = [row for row in rows if row["item"] == "concept"]
    by_latent: dict[int, list[dict[str, Any]]] = {}
    for row in concepts:
        by_latent.setdefault(row["latent"], []).append(row)
    assert len(by_latent) == 6
    for classes in by_latent.values():
        assert sum(row["theta"] for row in classes) == pytest.approx(1)
        assert sum(row["q"] for row in classes) == pytest.approx(1)
    split = [classes for classes in by_latent.values() if any(row["class"].startswith("Angina") for row in classes)]
    assert all(row["majority_tied"] for classes in split for row in classes)
    assert {row["item"] for row in rows} >= {"concept", "category", "coherence", "flags-artefact"}


def test_agreement_has_a_value_or_a_reason(rated: World) -> None:
    rows = read_json_lines(cut(rated), "agreement")
    assert {row["coefficient"] for row in rows} == {"alpha", "ac1", "ac2", "raw"}
    assert all((row["value"] is None) == bool(row["undefined_reason"]) for row in rows)


def test_the_checksums_satisfy_sha256sum(rated: World) -> None:
    folder = folder_of(cut(rated))
    assert (
        subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=False).returncode
        == 0
    )
    (archive,) = folder.glob("*.zip.sha256")
    assert subprocess.run(["sha256sum", "-c", "--quiet", archive.name], cwd=folder, check=False).returncode == 0


def test_no_name_address_id_or_note_leaves(rated: World) -> None:
    folder = folder_of(cut(rated))
    people = [rated.ada, rated.ben, rated.cora, rated.rosa, rated.nora, rated.sven]
    secrets = [word for user in people for word in (user.email, f'"{user.name}"')]
    secrets += [
        "hospital.example",
        "North Hospital",
        "seen on the ward",
        "recorded on day",
        str(settings.ARTIFACT_ROOT),
    ]
    for path in folder.iterdir():
        if path.suffix in (".csv", ".jsonl", ".json", ".txt"):
            text = path.read_text()
            assert [secret for secret in secrets if secret in text] == [], path.name


def test_the_manifest_says_what_it_rests_on(rated: World) -> None:
    manifest = cut(rated).manifest
    run = ResultRun.objects.get(study=rated.study)
    assert manifest["results"]["input_digest"] == run.input_digest
    assert manifest["results"]["seed"] == rated.study.seed
    assert manifest["sampling_frame"]["drawn"] == 6
    assert manifest["sampling_frame"]["seed"] == rated.study.seed
    assert manifest["mining"]["sae_digest"] == "b" * 64
    assert manifest["release"]["requested_by"] == "S01"
    assert manifest["rubric"]["version"] == 1
    assert {"consilium", "python", "postgres", "numpy"} <= set(manifest["software"])


def test_a_release_names_the_code_systems_whose_terms_were_offered_and_their_versions(rated: World) -> None:
    Study.objects.filter(pk=rated.study.pk).update(code_systems=["hpo"])
    rated.study.refresh_from_db()
    release = cut(rated)
    (told,) = release.manifest["code_systems"]
    assert (told["name"], told["version"]) == ("HPO", "2025-01-16")
    readme = " ".join((folder_of(release) / "README.txt").read_text().split())
    assert "HPO 2025-01-16: Human Phenotype Ontology Consortium." in readme
    assert "asks to acknowledge the consortium" in readme


def test_a_release_of_a_study_without_code_systems_names_none(rated: World) -> None:
    release = cut(rated)
    assert release.manifest["code_systems"] == []
    assert "code systems" not in (folder_of(release) / "README.txt").read_text()


def test_the_manifest_anchors_the_audit_chain(rated: World) -> None:
    anchor = cut(rated).manifest["audit"]
    event = AuditEvent.objects.get(study=rated.study.pk, number=anchor["number"])
    assert event.digest == anchor["digest"]
    assert verify_chain(rated.study.pk).problems == ()


def test_stale_results_are_computed_again_first(rated: World) -> None:
    first = cut(rated)
    cara = worlds.add_rater(rated, "cara", rated.north)
    Rating.objects.create(**late_rating(rated, cara))
    second = cut(rated)
    assert second.number == 2
    assert first.manifest["results"]["ratings"] == 12
    assert second.manifest["results"]["ratings"] == second.manifest["tables"]["ratings"]["rows"] == 13


def late_rating(world: World, user: Any) -> dict[str, Any]:
    template = Rating.objects.filter(study=world.study, outcome="answered").earliest("pk")
    kept = ("study", "latent", "round", "outcome", "concept", "answers", "rationale")
    return {name: getattr(template, name) for name in kept} | {
        "rater": user,
        "institution": world.north,
        "submit_token": worlds.unknown_token(),
        "submitted_at": LATER,
    }


def test_a_revision_is_a_row_of_its_own_and_only_the_newest_counts(rated: World) -> None:
    original = Rating.objects.filter(study=rated.study, rater=rated.ada).earliest("pk")
    Rating.objects.create(
        **late_rating(rated, rated.ada)
        | {"latent": original.latent, "revision": 2, "reason": "I had misread the scale."}
    )
    rows = [row for row in read_json_lines(cut(rated), "ratings") if row["reason"]]
    assert [(row["revision"], row["current"], row["surplus"]) for row in rows] == [(2, True, True)]
    replaced = [row for row in read_json_lines(Release.objects.get(), "ratings") if not row["current"]]
    assert [(row["revision"], row["weight_concept"]) for row in replaced] == [(1, None)]


def test_writing_twice_is_writing_once(rated: World) -> None:
    release = cut(rated)
    before = {path.name: path.stat().st_mtime_ns for path in folder_of(release).iterdir()}
    write_release(release_id=release.pk, now=LATER + timedelta(minutes=1))
    assert {path.name: path.stat().st_mtime_ns for path in folder_of(release).iterdir()} == before
    assert AuditEvent.objects.filter(verb=AuditVerb.RELEASE_CUT).count() == 1


def test_asking_twice_while_one_is_being_written_gives_that_one(rated: World) -> None:
    first = request_release(study=rated.study, by=rated.rosa, now=NOW)
    assert request_release(study=rated.study, by=rated.rosa, now=NOW) == first


def test_a_second_worker_leaves_a_release_alone_that_is_being_written(rated: World) -> None:
    release = request_release(study=rated.study, by=rated.rosa, now=NOW)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended('consilium release', %s))", [release.pk])
        write_release(release_id=release.pk, now=LATER)
        with other.cursor() as cursor:  # a lock that ends with its connection ends a moment after it
            cursor.execute("SELECT pg_advisory_unlock_all()")
    finally:
        other.close()
    release.refresh_from_db()
    assert release.state == ReleaseState.BUILDING
    write_release(release_id=release.pk, now=LATER)
    release.refresh_from_db()
    assert release.state == ReleaseState.READY


def test_what_a_killed_worker_left_is_cleared_away(rated: World) -> None:
    release = request_release(study=rated.study, by=rated.rosa, now=NOW)
    place = Path(settings.ARTIFACT_ROOT) / "releases" / rated.study.slug
    (place / ".1.dead").mkdir(parents=True, exist_ok=True)
    (place / ".1.dead" / "ratings.csv").write_text("half a ro")
    (place / "1").mkdir(exist_ok=True)
    (place / "1" / "stray.txt").write_text("renamed, but never made ready")
    write_release(release_id=release.pk, now=LATER)
    assert not (place / ".1.dead").exists()
    assert not (place / "1" / "stray.txt").exists()
    assert verify(place / "1").problems == ()


def test_a_disk_that_refuses_fails_the_release_with_a_sentence(rated: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(releasing, "write_folder", full)
    release = request_release(study=rated.study, by=rated.rosa, now=NOW)
    write_release(release_id=release.pk, now=LATER)
    release.refresh_from_db()
    assert release.state == ReleaseState.FAILED
    assert "No space left on device" in release.failure
    assert [path.name for path in (Path(settings.ARTIFACT_ROOT) / "releases" / rated.study.slug).glob(".1.*")] == []


def test_an_answer_that_does_not_fit_its_column_fails_the_release_and_publishes_nothing(rated: World) -> None:
    cara = worlds.add_rater(rated, "cara", rated.north)
    words = {"category": "finding", "coherence": 4, "specificity": 4, "confidence": "four", "flags": []}
    Rating.objects.create(**late_rating(rated, cara) | {"answers": words})
    release = request_release(study=rated.study, by=rated.rosa, now=NOW)
    write_release(release_id=release.pk, now=LATER)
    release.refresh_from_db()
    assert release.state == ReleaseState.FAILED
    assert "error inside Consilium" in release.failure
    assert AuditEvent.objects.filter(verb=AuditVerb.RELEASE_FAILED).count() == 1


def test_a_database_that_goes_away_leaves_the_release_to_the_sweep(
    rated: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*arguments: Any, **options: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(releasing, "write_folder", gone)
    release = request_release(study=rated.study, by=rated.rosa, now=NOW)
    with pytest.raises(OperationalError):
        write_release(release_id=release.pk, now=LATER)
    release.refresh_from_db()
    assert release.state == ReleaseState.BUILDING


def test_a_simulated_study_says_so_in_every_file(rated: World) -> None:
    Study.objects.filter(pk=rated.study.pk).update(simulated=True, release_raters=True)
    release = cut(rated)
    files = [path for path in folder_of(release).iterdir() if path.suffix in (".csv", ".jsonl", ".parquet", ".zip")]
    assert len(files) == 46
    assert all(".simulated." in path.name for path in files)
    assert {row["simulated"] for row in read_csv(release, "raters", ".simulated")} == {"true"}
    assert "by a program" in release.manifest["notice"]
    assert "SIMULATED" in (folder_of(release) / "README.txt").read_text()
    assert pq.read_schema(folder_of(release) / "ratings.simulated.parquet").metadata[b"simulated"] == b"true"


def test_a_study_without_ratings_has_nothing_to_release(transactional_db: None) -> None:
    world = worlds.build()
    with pytest.raises(Refused, match="Nobody has rated"):
        request_release(study=world.study, by=world.rosa, now=NOW)
    assert not Release.objects.exists()


def test_only_a_researcher_who_cannot_rate_any_more_may_cut(rated: World) -> None:
    with pytest.raises(Refused, match="researcher"):
        request_release(study=rated.study, by=rated.ada, now=NOW)
    with pytest.raises(NotYours):
        request_release(study=rated.study, by=rated.sven, now=NOW)
    worlds.add_member(study=rated.study, user=rated.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    with pytest.raises(Refused, match="hidden"):
        request_release(study=rated.study, by=rated.ada, now=NOW)
