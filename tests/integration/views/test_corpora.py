"""The page on which a researcher brings text in: her study's folder alone, shown first, and never the text itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.importing_text import work_on
from annotation.enums import AuditVerb, CorpusImportState
from annotation.models import AuditEvent, Corpus, CorpusImport, User
from tests import world as worlds
from tests.world import NOW, World

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]
NOTES = "note_id,text,service\n1,Mrs Robinson has chest pain.,Ward\n2,Mrs Robinson has chest pain.,Ward\n3,,Ward\n"
WISH = {"do": "read", "name": "Ward notes", "source": "Ours.", "column-id": "note_id", "column-text": "text"}


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    built = worlds.build(open_the_round=False)
    settings.IMPORT_ROOT = tmp_path / "import"
    folder = settings.IMPORT_ROOT / built.study.slug
    folder.mkdir(parents=True)
    (folder / "ward.csv").write_text(NOTES)
    (settings.IMPORT_ROOT / "other").mkdir()
    (settings.IMPORT_ROOT / "other" / "theirs.csv").write_text(NOTES)
    (folder / "link.csv").symlink_to(settings.IMPORT_ROOT / "other" / "theirs.csv")
    return built


def page(world: World, *parts: object) -> str:
    return reverse("corpus_import" if parts else "corpora", args=[world.study.slug, *parts])


def shown(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return str(response.content.decode())


def test_a_researcher_imports_what_she_was_shown(world: World, signed_in: SignedIn) -> None:
    rosa = signed_in(world.rosa)
    listed = shown(rosa.get(page(world)))
    assert "ward.csv" in listed
    assert "link.csv" not in listed
    rosa.post(page(world), {"name": "ward.csv"})
    wished = CorpusImport.objects.get(study=world.study)
    proposal = shown(rosa.get(page(world, wished.pk)))
    assert '<option value="note_id" selected>' in proposal
    assert "Robinson" not in proposal
    rosa.post(page(world, wished.pk), WISH)
    assert "Being read" in shown(rosa.get(page(world, wished.pk)))
    work_on(import_id=wished.pk, clock=lambda: NOW)
    found = shown(rosa.get(page(world, wished.pk)))
    assert "1 with the text of another" in found
    assert "Robinson" not in found
    answer = rosa.post(page(world, wished.pk), {"do": "store"}, follow=True)
    assert "Mend the files, or say that such documents are to be left out" in shown(answer)
    rosa.post(page(world, wished.pk), {"do": "store", "leave_out": "yes", "drop_duplicates": "yes"})
    work_on(import_id=wished.pk, clock=lambda: NOW)
    assert Corpus.objects.get(name="Ward notes").document_count == 1
    assert "Ward notes" in shown(rosa.get(page(world)))


@pytest.mark.parametrize(
    "name", ["../other/theirs.csv", "/etc/passwd", "link.csv", "", ".", "ward.csv/", "nothing.csv"]
)
def test_nothing_but_what_is_offered_can_be_chosen(world: World, signed_in: SignedIn, name: str) -> None:
    answer = signed_in(world.rosa).post(page(world), {"name": name}, follow=True)
    assert "There is no such file in the study&#x27;s import folder" in shown(answer)
    assert not CorpusImport.objects.filter(study=world.study).exists()


def test_others_are_turned_away_and_imports_of_another_study_are_not_there(world: World, signed_in: SignedIn) -> None:
    for person, status in ((world.ada, 403), (world.cora, 403), (world.nora, 403), (world.sven, 404)):
        assert signed_in(person).get(page(world)).status_code == status
        assert signed_in(person).post(page(world), {"name": "ward.csv"}).status_code == status
    elsewhere = CorpusImport.objects.create(
        name="Theirs", source="x", paths=["/x"], format="csv", columns=[], created_at=NOW, touched_at=NOW
    )
    rosa = signed_in(world.rosa)
    assert rosa.get(page(world, elsewhere.pk)).status_code == 404
    assert rosa.post(page(world, elsewhere.pk), {"do": "discard"}).status_code == 404
    assert "Theirs" not in shown(rosa.get(page(world)))


def test_a_discarded_import_is_gone_and_a_refused_one_says_why(world: World, signed_in: SignedIn) -> None:
    rosa = signed_in(world.rosa)
    for _ in range(2):
        rosa.post(page(world), {"name": "ward.csv"})
    first, second = CorpusImport.objects.filter(study=world.study).order_by("pk")
    rosa.post(page(world, first.pk), {"do": "discard"})
    first.refresh_from_db()
    assert first.state == CorpusImportState.DISCARDED
    rosa.post(page(world, second.pk), {**WISH, "column-id": "service"})
    work_on(import_id=second.pk, clock=lambda: NOW)
    assert "ward.csv, line 3: the id “Ward” was used already in ward.csv, line 2" in shown(
        rosa.get(page(world, second.pk))
    )


def test_without_an_import_folder_the_page_says_how_to_have_one(
    world: World, signed_in: SignedIn, settings: Any
) -> None:
    settings.IMPORT_ROOT = None
    assert "the setting <code>IMPORT_ROOT</code> names a folder" in shown(signed_in(world.rosa).get(page(world)))


def test_an_administrator_says_on_the_page_whether_text_may_leave(world: World, signed_in: SignedIn) -> None:
    (corpus,) = Corpus.objects.all()
    address = reverse("corpus_text", args=[world.study.slug, corpus.pk])
    said = {"may_leave": "yes", "words": "Agreement 7 of 1 June 2026."}
    rosa = signed_in(world.rosa)
    assert "An administrator of this installation can permit it here." in shown(rosa.get(page(world)))
    assert "for an administrator of this installation to say" in shown(rosa.post(address, said, follow=True))
    assert not corpus.text_permissions.exists()
    User.objects.filter(pk=world.rosa.pk).update(is_superuser=True)
    assert "Permit snippets to leave" in shown(rosa.get(page(world)))
    html = shown(rosa.post(address, said, follow=True))
    assert "snippets may leave, where a study’s settings say so too" in html
    assert "Agreement 7 of 1 June 2026." in html
    event = AuditEvent.objects.get(verb=AuditVerb.TEXT_PERMITTED)
    assert (event.study, event.actor) == (world.study.pk, world.rosa.pk)
    rosa.post(address, {"may_leave": "no", "words": "It ended."})
    assert [said.may_leave for said in corpus.text_permissions.order_by("pk")] == [True, False]


def test_a_corpus_of_another_study_is_nobodys_to_permit_here(world: World, signed_in: SignedIn) -> None:
    other = Corpus.objects.create(name="Theirs", source="Theirs.", digest="c" * 64, document_count=0, imported_at=NOW)
    User.objects.filter(pk=world.rosa.pk).update(is_superuser=True)
    address = reverse("corpus_text", args=[world.study.slug, other.pk])
    assert signed_in(world.rosa).post(address, {"may_leave": "yes", "words": "Ours now."}).status_code == 404
    assert signed_in(world.ada).post(address, {"may_leave": "yes", "words": "Mine."}).status_code == 403
    assert not other.text_permissions.exists()
