"""Another tool's files become a mining run like any other: studied, sampled, rated. What is wrong leaves nothing."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from annotation.actions.people import add_member
from annotation.actions.sampling import store_snippets
from annotation.actions.trying import check_may_try
from annotation.enums import Role, RunState, SnippetKind
from annotation.models import (
    AuditEvent,
    Corpus,
    ImportedExplanation,
    Institution,
    Latent,
    MiningRun,
    RunImport,
    Sae,
    Snippet,
    User,
)
from annotation.queries.shown_snippets import snippet_groups
from annotation.rules.refusal import Refused
from tests.imported_world import studied
from tests.interop_files import WINDOWS, WORDS, fires_in, write_delphi, write_neuronpedia, write_saedashboard
from tests.world import NOW, finished_run, rate_next

pytestmark = pytest.mark.django_db


def run(tool: str, folder: Path, *more: str) -> str:
    out = StringIO()
    call_command("import_latents", tool, str(folder), "--source", "Written for the tests.", *more, stdout=out)
    return out.getvalue()


def of_delphi(folder: Path) -> tuple[str, ...]:
    return ("--tokenizer", str(folder / "tokenizer.json"), "--sae-name", "Small SAE")


def nothing_stayed() -> bool:
    folders = [settings.ARTIFACT_ROOT / name for name in ("runs", "corpora")]
    rows = MiningRun.objects.exists() or Corpus.objects.exists() or Sae.objects.exists()
    return not rows and not any(any(folder.iterdir()) for folder in folders if folder.is_dir())


@pytest.fixture(autouse=True)
def own_artifacts(settings: Any, tmp_path: Path) -> None:
    """So that what stays behind is seen."""
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"


@pytest.fixture(params=["neuronpedia", "saedashboard", "delphi"])
def imported(request: pytest.FixtureRequest, tmp_path: Path) -> MiningRun:
    tool: str = request.param
    if tool == "delphi":
        run(tool, write_delphi(tmp_path), *of_delphi(tmp_path))
    elif tool == "neuronpedia":
        run(tool, write_neuronpedia(tmp_path / "source"))
    else:
        run(tool, write_saedashboard(tmp_path / "dashboards"))
    return MiningRun.objects.get()


def test_the_run_is_finished_and_says_where_it_comes_from(imported: MiningRun) -> None:
    provenance = RunImport.objects.get(run=imported)
    assert imported.state == RunState.FINISHED
    assert imported.latents.count() == 6
    assert provenance.files
    assert provenance.source == "Written for the tests."
    assert imported.manifest is not None
    assert "gate was not run" in imported.manifest["gate"]["note"]
    assert AuditEvent.objects.filter(verb="run-imported", target=f"miningrun:{imported.pk}").exists()


def test_a_study_draws_from_it_and_its_raters_rate_it(imported: MiningRun) -> None:
    study = studied(imported)
    assert study.sample.count() == 4
    ada = User.objects.get(email="ada@hospital.example")
    for _ in range(4):
        assert rate_next(study, ada) is not None
    kinds = set(Snippet.objects.values_list("kind", flat=True))
    assert kinds >= {SnippetKind.TOP, SnippetKind.DECILE, SnippetKind.FOIL_RANDOM, SnippetKind.FOIL_HARD}
    assert SnippetKind.HELD_OUT in kinds
    assert all(len(snippet_groups(sampled.latent_id)) == 3 for sampled in study.sample.all())


def test_no_text_can_be_tried_on_it(imported: MiningRun) -> None:
    with pytest.raises(Refused, match="This study’s run was imported"):
        check_may_try(study=studied(imported), by=User.objects.get(email="rosa@hospital.example"))


def test_snippets_stand_where_their_words_are(imported: MiningRun) -> None:
    latent = imported.latents.get(index=0)
    store_snippets(run=imported, latents=[latent])
    snippets = list(Snippet.objects.select_related("document"))
    shown = [one.document.text[one.start : one.end] for one in snippets]
    firing = [(one, text) for one, text in zip(snippets, shown, strict=True) if one.tokens]
    assert {text[t["start"] : t["end"]].strip() for one, text in firing for t in one.tokens} == {WORDS[0]}
    assert all(one.peak == max(t["activation"] for t in one.tokens) for one, _ in firing)
    silent = [(one.kind, WORDS[0] in text) for one, text in zip(snippets, shown, strict=True) if not one.tokens]
    assert {kind for kind, holds_the_word in silent if holds_the_word} == {"foil-hard", "held-out-hard"}
    assert not any(kind.endswith("random") and holds_the_word for kind, holds_the_word in silent)


def test_held_out_documents_are_never_shown(imported: MiningRun) -> None:
    store_snippets(run=imported, latents=list(imported.latents.all()))
    held = set(Snippet.objects.filter(kind__startswith="held-out").values_list("document", flat=True))
    shown = set(Snippet.objects.exclude(kind__startswith="held-out").values_list("document", flat=True))
    manifest = imported.manifest or {}
    assert 0 < manifest["reserved_documents"] < manifest["documents"]
    assert held
    assert shown
    assert not held & shown


def test_the_same_files_again_are_the_same_run(tmp_path: Path) -> None:
    folder = write_saedashboard(tmp_path / "dashboards")
    first, second = run("saedashboard", folder), run("saedashboard", folder)
    assert first == second
    assert MiningRun.objects.count() == Corpus.objects.count() == 1


def test_a_dry_run_says_what_would_come_and_stores_nothing(tmp_path: Path) -> None:
    said = run("neuronpedia", write_neuronpedia(tmp_path / "source"), "--dry-run")
    assert "6 latents, 6 that fire" in said
    assert f"from {WINDOWS} documents; 6 explanations" in said
    assert "Nothing was stored." in said
    assert nothing_stayed()


def test_explanations_come_with_their_authors(tmp_path: Path) -> None:
    run("neuronpedia", write_neuronpedia(tmp_path / "source"))
    explanation = ImportedExplanation.objects.get(latent__index=1)
    assert explanation.text == "mentions of wheeze"
    assert (explanation.method, explanation.model) == ("np_max-act", "a-model")


def test_the_studys_page_says_where_the_run_comes_from(imported: MiningRun, client: Client) -> None:
    study = studied(imported)
    client.force_login(User.objects.get(email="rosa@hospital.example"))
    page = client.get(f"/studies/{study.slug}/").content.decode()
    assert "on the command line" in page
    assert "The gate was not run" in page
    assert next(iter(imported.imported.files.values())) in page
    assert "Try a text" not in page
    for sampled in study.sample.all():
        assert client.get(f"/studies/{study.slug}/latents/{sampled.latent.index}/").status_code == 200


def test_what_was_said_elsewhere_is_hidden_from_who_may_rate(tmp_path: Path, client: Client) -> None:
    run("neuronpedia", write_neuronpedia(tmp_path / "source"))
    study = studied(MiningRun.objects.get())
    rosa = User.objects.get(email="rosa@hospital.example")
    address = f"/studies/{study.slug}/latents/1/"
    client.force_login(rosa)
    assert "mentions of wheeze" in client.get(address).content.decode()
    place = Institution.objects.get(code="ada")
    add_member(study=study, user=rosa, role=Role.ANNOTATOR, institution=place, by=None, now=NOW)
    assert "mentions of" not in client.get(address).content.decode()
    client.force_login(User.objects.get(email="ada@hospital.example"))
    assert "mentions of" not in client.get(f"/studies/{study.slug}/rate/").content.decode()


def test_firings_are_those_of_the_whole_corpus_not_of_the_rounded_share(tmp_path: Path) -> None:
    run("saedashboard", write_saedashboard(tmp_path / "dashboards", frac_nonzero=0.0))
    latent = Latent.objects.get(index=0)
    assert latent.firings == sum(max(0, 40 - bar) for bar in range(50))
    assert latent.density == pytest.approx(latent.firings / (24576 * 128))
    assert sum(latent.histogram) == latent.firings


def test_delphis_firings_are_counted_exactly(tmp_path: Path) -> None:
    hook = write_delphi(tmp_path)
    run("delphi", hook, *of_delphi(tmp_path))
    latent = Latent.objects.get(index=2)
    holding = sum(WORDS[2] in (WORDS[n % 6], WORDS[(n + 1) % 6]) for n in range(WINDOWS) if fires_in(n))
    assert latent.firings == holding
    assert latent.run.manifest is not None
    assert sum(latent.histogram) == holding
    assert json.loads((hook / "config.json").read_text())["model_name"] == latent.run.manifest["model_name"]


def test_an_sae_with_weights_here_keeps_its_name(tmp_path: Path) -> None:
    finished_run()
    hook = write_delphi(tmp_path)
    before = MiningRun.objects.count()
    with pytest.raises(CommandError, match="Give this one another name"):
        run("delphi", hook, *of_delphi(tmp_path))
    assert MiningRun.objects.count() == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"feature_index": -1}, "feature_index should be a whole number from 0"),
        ({"feature_index": 1}, "latent 1 is in the files twice"),
        ({"frac_nonzero": "much"}, "frac_nonzero should be a number"),
        ({"freq_hist_data_bar_heights": [1]}, "differ in length"),
        ({"activations": [{"tokens": ["a", "b"], "values": [1.0]}]}, "2 tokens and 1 values do not belong together"),
        ({"activations": [{"tokens": ["a"], "values": [float("nan")]}]}, "NaN, which is no number"),
        ({"activations": [{"tokens": ["a"], "values": [True]}]}, "values should be a number"),
        ({"activations": [{"tokens": ["a"], "values": [10**400]}]}, "values should be a finite number"),
        ({"freq_hist_data_bar_values": list(range(50, 0, -1))}, "a list of rising numbers"),
        ({"freq_hist_data_bar_heights": [-1] * 50}, "a list of counts from 0"),
        ({"activations": "many"}, "activations should be a list"),
        ({"pos_str": ["x" * 5000]}, "at most 4,000 characters"),
    ],
)
def test_what_is_wrong_gets_a_sentence_and_leaves_nothing(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    folder = write_saedashboard(tmp_path / "dashboards", **changes)
    with pytest.raises(CommandError, match=sentence):
        run("saedashboard", folder)
    assert nothing_stayed()


def test_a_disk_that_fails_at_the_last_file_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("annotation.gateway.written_runs.write_aside", refuse)
    with pytest.raises(CommandError, match="No space left on device"):
        run("saedashboard", write_saedashboard(tmp_path / "dashboards"))
    assert nothing_stayed()


@pytest.mark.parametrize("table", ["runimport", "importedexplanation"])
def test_where_a_run_comes_from_is_never_rewritten(tmp_path: Path, table: str) -> None:
    run("neuronpedia", write_neuronpedia(tmp_path / "source"))
    for statement in (f"DELETE FROM annotation_{table}", f"UPDATE annotation_{table} SET id = id"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
