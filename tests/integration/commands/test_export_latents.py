"""A release leaves for Neuronpedia and delphi: everything as in the release, no text of the corpus, no name."""

import gzip
import io
import json
import zipfile
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from annotation.actions.importing_runs import import_run
from annotation.actions.people import add_member
from annotation.actions.releasing import request_release, write_release
from annotation.enums import ReleaseState, Role
from annotation.interop.dashboards.saedashboard import read_saedashboard
from annotation.interop.neuronpedia.reading import read_neuronpedia
from annotation.models import AuditEvent, Document, Release, User
from tests import world as worlds
from tests.imported_world import studied
from tests.interop_files import write_saedashboard
from tests.world import NOW, World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)
RATIONALE = "All of them name the chest; it is silent on knees."


@pytest.fixture
def released(transactional_db: None) -> World:
    """Both raters have rated all six latents; Ben could not tell on his first."""
    world = worlds.build()
    while rate_next(world.study, world.ada, rationale=RATIONALE):
        pass
    rate_next(world.study, world.ben, outcome="cannot-tell", rationale="")
    while rate_next(world.study, world.ben, concept="Angina, “typical”"):
        pass
    cut(world.study, world.rosa)
    return world


def cut(study: Any, by: User) -> Release:
    release = request_release(study=study, by=by, now=NOW)
    write_release(release_id=release.pk, now=NOW + timedelta(minutes=5))
    release.refresh_from_db()
    assert release.state == ReleaseState.READY, release.failure
    return release


def export(tool: str, folder: Path, *more: str, study: str = "hearts") -> str:
    out = StringIO()
    call_command("export_latents", tool, str(folder), "--study", study, *more, stdout=out)
    return out.getvalue()


def read(folder: Path, kind: str) -> list[dict[str, Any]]:
    (path,) = folder.glob(f"*/*/{kind}/batch-0.jsonl.gz")
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]


def all_text(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(
        (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode() for path in files
    )


def test_the_consensus_comes_with_its_whole_distribution(released: World, tmp_path: Path) -> None:
    assert "6 features" in export("neuronpedia", tmp_path / "out")
    rows = read(tmp_path / "out", "explanations")
    notes = [json.loads(row["notes"]) for row in rows]
    consensus = [(row, note) for row, note in zip(rows, notes, strict=True) if note["kind"] == "consensus"]
    assert len(consensus) == 6
    for row, note in consensus:
        assert sum(note["theta"].values()) == pytest.approx(1)
        assert note["theta"][row["description"].split(" or ")[0]] == max(
            share for name, share in note["theta"].items() if name != "(other)"
        )
        assert note["from"]["study"] == "hearts"
        assert note["ratings"] in (1, 2)


def test_each_rater_has_a_line_under_her_pseudonym(released: World, tmp_path: Path) -> None:
    export("neuronpedia", tmp_path / "out", "--explanations", "raters")
    notes = [json.loads(row["notes"]) for row in read(tmp_path / "out", "explanations")]
    assert len(notes) == 11
    assert {note["rater"] for note in notes} == {"R01", "R02"}
    assert {note["rationale"] for note in notes if note["rater"] == "R01"} == {RATIONALE}
    assert all(note["answers"]["coherence"] == 4 for note in notes)


def test_every_line_of_a_file_has_the_same_keys_and_the_same_release_the_same_bytes(
    released: World, tmp_path: Path
) -> None:
    """Neuronpedia takes the columns from the first line."""
    export("neuronpedia", tmp_path / "one")
    export("neuronpedia", tmp_path / "two")
    for kind in ("features", "explanations"):
        assert len({tuple(row) for row in read(tmp_path / "one", kind)}) == 1
    assert all_text(tmp_path / "one") == all_text(tmp_path / "two")


def test_neither_text_nor_names_leave(released: World, tmp_path: Path) -> None:
    for tool in ("neuronpedia", "delphi"):
        export(tool, tmp_path / tool)
    text = all_text(tmp_path)
    for document in Document.objects.all():
        assert not any(line in text for line in document.text.splitlines())
    for user in User.objects.all():
        assert user.email not in text
        assert user.name not in text


def test_delphi_finds_one_file_a_latent_and_point_of_view(released: World, tmp_path: Path) -> None:
    said = export("delphi", tmp_path / "out")
    assert "6 consensus" in said
    files = sorted(path.name for path in (tmp_path / "out" / "rater-R01" / "explanations").iterdir())
    latents = sorted(sampled.latent.index for sampled in released.study.sample.all())
    assert files == sorted(f"layers.1_latent{latent}.txt" for latent in latents)
    one = json.loads((tmp_path / "out" / "rater-R01" / "explanations" / files[0]).read_bytes())
    assert one == f"chest pain. {RATIONALE.rstrip('.')}"
    assert isinstance(json.loads((tmp_path / "out" / "consensus" / "explanations" / files[0]).read_bytes()), str)


def test_it_is_noted_who_exported_what(released: World, tmp_path: Path) -> None:
    export("delphi", tmp_path / "out", "--by", "rosa@hospital.example")
    event = AuditEvent.objects.get(verb="latents-exported")
    assert (event.study, event.actor, event.detail["tool"]) == (released.study.pk, released.rosa.pk, "delphi")


REFUSED = {
    ("--by", "ada@hospital.example"): "role of researcher",
    ("--by", "sven@hospital.example"): "no such study among yours",
    ("--by", "nobody@hospital.example"): "nobody here with the address",
    ("--release", "7"): "no release 7 that is ready",
    ("--hook-point", "../../etc"): "no name that delphi gives a hook point",
}


def test_what_may_not_be_leaves_nothing(released: World, tmp_path: Path) -> None:
    for more, sentence in REFUSED.items():
        with pytest.raises(CommandError, match=sentence):
            export("delphi", tmp_path / "out", *more)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CommandError, match="not empty"):
        export("delphi", tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_the_page_gives_a_zip_to_the_researcher_alone(released: World, client: Client) -> None:
    client.force_login(released.rosa)
    page = client.get("/studies/hearts/releases/").content.decode()
    for tool, inside in (("neuronpedia", "explanations/batch-0.jsonl.gz"), ("delphi", "_latent")):
        address = f"/studies/hearts/releases/1/for/{tool}/"
        assert address in page
        answer = client.get(address)
        content = b"".join(answer.streaming_content)  # type: ignore[arg-type]
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
        assert f"hearts-release-1-{tool}/README.txt" in names
        assert any(inside in name for name in names)
    assert client.get("/studies/hearts/releases/1/for/excel/").status_code == 404
    assert client.get("/studies/hearts/releases/2/for/delphi/").status_code == 404
    for person, status in ((released.ada, 403), (released.nora, 403), (released.sven, 404)):
        client.force_login(person)
        assert client.get("/studies/hearts/releases/1/for/delphi/").status_code == status


def test_a_large_release_is_left_to_the_command(
    released: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotation.actions.exporting_latents.MOST_ON_A_PAGE", 5)
    client.force_login(released.rosa)
    answer = client.get("/studies/hearts/releases/1/for/delphi/", follow=True)
    assert "takes longer than a page may" in answer.content.decode()


def test_who_may_still_rate_exports_nothing(released: World, client: Client) -> None:
    add_member(
        study=released.study, user=released.rosa, role=Role.ANNOTATOR, institution=released.north, by=None, now=NOW
    )
    client.force_login(released.rosa)
    answer = client.get("/studies/hearts/releases/1/for/delphi/")
    assert answer.status_code in (302, 403)
    assert not AuditEvent.objects.filter(verb="latents-exported").exists()


def test_what_came_from_a_dashboard_goes_back_under_its_own_names(transactional_db: None, tmp_path: Path) -> None:
    folder = write_saedashboard(tmp_path / "dashboards")
    run = import_run(read=lambda: read_saedashboard(folder), source="Written for the tests.", by=None, now=NOW)
    study = studied(run)
    ada = User.objects.get(email="ada@hospital.example")
    while rate_next(study, ada):
        pass
    release = cut(study, User.objects.get(email="rosa@hospital.example"))
    assert release.manifest is not None
    assert release.manifest["mining"]["request"]["files"] == run.imported.files
    export("neuronpedia", tmp_path / "out", study="imported")
    again = read_neuronpedia(tmp_path / "out" / "small" / "3-res-notes")
    assert (again.facts.model, again.facts.sae) == (run.request["model"], run.request["sae"])
    assert {one.latent for one in again.explanations} == {s.latent.index for s in study.sample.all()}
