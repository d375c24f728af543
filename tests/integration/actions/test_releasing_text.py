"""Text of notes in a release: only where study and corpus both say so, and then nothing that names a note."""

import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from annotation.actions.exporting_latents import LABEL_STUDIO, export_latents
from annotation.actions.permitting_text import permit_text
from annotation.actions.releasing import request_release, write_release
from annotation.actions.reporting import report_snippet
from annotation.actions.study_settings import change_study
from annotation.enums import AuditVerb, ReleaseState, SnippetKind
from annotation.export.verify import verify
from annotation.models import AuditEvent, Corpus, Document, Release, Snippet, Study, TextPermission
from annotation.queries.text_leaving import text_leaving
from annotation.rules.refusal import Refused
from tests import world as worlds
from tests.world import NOW, World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "Data use agreement 7, item 3, of 1 June 2026."
OF_NOTES = ("seen on the ward", "recorded on day")


@pytest.fixture
def rated(transactional_db: None) -> World:
    world = worlds.build()
    rate_next(world.study, world.ada)
    rate_next(world.study, world.ben, concept="troponin")
    return world


def corpus_of(world: World) -> Corpus:
    assert world.study.run is not None
    return world.study.run.corpus


def permit(world: World, *, may_leave: bool = True) -> TextPermission:
    return permit_text(corpus=corpus_of(world), may_leave=may_leave, words=WORDS, by=None, now=NOW)


def say_so(world: World) -> None:
    change_study(study=world.study, settings={"release_snippets": True}, by=world.rosa, now=NOW)


def cut(world: World) -> Release:
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=NOW + timedelta(minutes=1))
    release.refresh_from_db()
    assert release.state == ReleaseState.READY, release.failure
    return release


def folder_of(release: Release) -> Path:
    return Path(settings.ARTIFACT_ROOT) / release.folder


def contents(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of the release in words, those in the zip among them."""
    for path in folder.iterdir():
        if path.suffix == ".parquet":
            yield path.name, json.dumps(pq.read_table(path).to_pylist(), default=str)
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if not name.endswith(".parquet"):
                        yield f"{path.name}/{name}", archive.read(name).decode()
        else:
            yield path.name, path.read_text(encoding="utf-8")


def snippets(release: Release) -> list[dict[str, object]]:
    return list(pq.read_table(folder_of(release) / "snippets.parquet").to_pylist())


def test_no_text_of_a_note_is_in_any_file_unless_both_say_so(rated: World) -> None:
    check_no_text(cut(rated))
    permit(rated)
    check_no_text(cut(rated))
    say_so(rated)
    permit(rated, may_leave=False)
    check_no_text(cut(rated))


def test_the_studys_word_alone_lets_no_text_out(rated: World) -> None:
    say_so(rated)
    check_no_text(cut(rated))


def check_no_text(release: Release) -> None:
    folder = folder_of(release)
    assert not list(folder.glob("snippets*"))
    files = dict(contents(folder))
    assert len(files) > 50
    for name, text in files.items():
        assert [words for words in OF_NOTES if words in text] == [], name
    assert json.loads(files["manifest.json"])["text"]["leaves"] is False
    assert "no text of a note" in files["README.txt"].replace("\n", " ")


def test_where_both_say_so_the_snippets_are_a_table_whose_offsets_fit(rated: World) -> None:
    say_so(rated)
    permit(rated)
    release = cut(rated)
    assert verify(folder_of(release)).problems == ()
    rows = snippets(release)
    stored = {snippet.pk: snippet for snippet in Snippet.objects.select_related("document", "latent")}
    drawn = set(rated.study.sample.values_list("latent", flat=True))
    assert {row["snippet"] for row in rows} == {pk for pk, one in stored.items() if one.latent_id in drawn}
    names: dict[object, set[int]] = {}
    for row in rows:
        snippet = stored[int(str(row["snippet"]))]
        assert row["text"] == snippet.document.text[snippet.start : snippet.end]
        assert (row["latent"], row["kind"], row["rank"]) == (snippet.latent.index, snippet.kind, snippet.rank)
        assert json.loads(str(row["tokens"])) == snippet.tokens
        names.setdefault(row["document"], set()).add(snippet.document_id)
    assert all(len(documents) == 1 for documents in names.values())
    assert len(names) == len({snippet.document_id for snippet in stored.values() if snippet.latent_id in drawn})


def test_documents_have_the_same_name_in_every_release_and_never_their_own(rated: World) -> None:
    say_so(rated)
    permit(rated)
    first, second = cut(rated), cut(rated)
    assert snippets(first) == snippets(second)
    keys = [*Document.objects.values_list("key", flat=True), *Document.objects.values_list("patient", flat=True)]
    for name, text in contents(folder_of(first)):
        assert [key for key in keys if key in text] == [], name


def test_a_snippet_that_may_show_a_person_stays(rated: World) -> None:
    say_so(rated)
    permit(rated)
    shown = Snippet.objects.filter(latent__in=rated.study.sample.values("latent"), kind=SnippetKind.TOP)
    snippet = shown.order_by("pk")[0]
    report_snippet(study=rated.study, snippet=snippet, by=rated.ada, now=NOW)
    left = {row["snippet"] for row in snippets(cut(rated))}
    same = Snippet.objects.filter(document=snippet.document_id, start__lt=snippet.end, end__gt=snippet.start)
    assert snippet.pk in set(same.values_list("pk", flat=True))
    assert not left & set(same.values_list("pk", flat=True))
    assert left


def test_the_release_says_on_whose_word_text_left(rated: World) -> None:
    say_so(rated)
    permit(rated)
    release = cut(rated)
    assert release.manifest is not None
    assert release.manifest["text"]["permission"]["words"] == WORDS
    assert WORDS in " ".join((folder_of(release) / "README.txt").read_text().split())
    assert WORDS in (folder_of(release) / "README.md").read_text()


def test_label_studio_shows_the_texts_that_the_release_holds(rated: World, tmp_path: Path) -> None:
    say_so(rated)
    permit(rated)
    export_latents(release=cut(rated), tool=LABEL_STUDIO, folder=tmp_path / "out", by=rated.rosa, now=NOW)
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text())
    assert all(
        "seen on the ward" in one["text"] or "recorded on day" in one["text"] for one in tasks[0]["data"]["snippets"]
    )


def test_permission_is_an_administrators_word_with_its_reason_and_in_the_audit(rated: World) -> None:
    corpus = corpus_of(rated)
    with pytest.raises(Refused, match="administrator"):
        permit_text(corpus=corpus, may_leave=True, words=WORDS, by=rated.rosa, now=NOW)
    with pytest.raises(Refused, match="on what this rests"):
        permit_text(corpus=corpus, may_leave=True, words=" ", by=None, now=NOW)
    with pytest.raises(Refused, match="nobody has permitted"):
        permit_text(corpus=corpus, may_leave=False, words=WORDS, by=None, now=NOW)
    assert not TextPermission.objects.exists()
    said = permit(rated)
    event = AuditEvent.objects.get(verb=AuditVerb.TEXT_PERMITTED)
    assert (event.target, event.detail["words"]) == (f"textpermission:{said.pk}", WORDS)
    permit(rated, may_leave=False)
    assert AuditEvent.objects.filter(verb=AuditVerb.TEXT_KEPT).count() == 1
    assert TextPermission.objects.count() == 2


def test_the_sentence_says_which_switch_is_off(rated: World) -> None:
    study = Study.objects.get(pk=rated.study.pk)
    told = text_leaving(study).sentence
    assert "settings do not say so" in told
    assert "nobody has permitted it" in told
    say_so(rated)
    study.refresh_from_db()
    assert "settings" not in text_leaving(study).sentence
    permit(rated)
    assert text_leaving(study).sentence.startswith("Snippets leave with their text")
    permit(rated, may_leave=False)
    assert f"not permitted for the corpus “Notes of the tests”: {WORDS}" in text_leaving(study).sentence


def test_on_the_server_permission_is_a_command(rated: World) -> None:
    out = StringIO()
    call_command("corpus_text", stdout=out)
    call_command("corpus_text", "--permit", "Notes of the tests", "--words", WORDS, stdout=out)
    call_command("corpus_text", "--keep", "Notes of the tests", "--words", "Taken back.", stdout=out)
    assert out.getvalue().splitlines() == [
        "Notes of the tests: text stays",
        f"Notes of the tests: snippets may leave ({WORDS})",
        "Notes of the tests: text stays (Taken back.)",
    ]
    with pytest.raises(CommandError, match="no corpus “Other”"):
        call_command("corpus_text", "--permit", "Other", "--words", WORDS)
    with pytest.raises(CommandError, match="on what this rests"):
        call_command("corpus_text", "--permit", "Notes of the tests")
