"""The page for ratings that were made elsewhere: read first, then imported, by the study's researcher alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.rounds import close_round
from annotation.models import ExternalRound, User
from tests import world as worlds
from tests.external_world import rated_elsewhere
from tests.world import NOW, World

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]
SAID = {
    "file": "lyon.json",
    "source": "Rated in Lyon.",
    "exported_by": "Dr Roux",
    "institution": "lyon",
    "institution_name": "Hospices de Lyon",
}


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    built = worlds.build()
    close_round(round_=built.study.rounds.get(), by=built.rosa, now=NOW)
    settings.IMPORT_ROOT = tmp_path
    (tmp_path / built.study.slug).mkdir()
    (tmp_path / built.study.slug / "lyon.json").write_text(json.dumps(rated_elsewhere(built.study)))
    return built


def shown(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return str(response.content.decode())


def test_a_file_is_read_told_of_and_imported(world: World, signed_in: SignedIn) -> None:
    page, rosa = reverse("external_rounds", args=[world.study.slug]), signed_in(world.rosa)
    assert "lyon.json" in shown(rosa.get(page))
    told = shown(rosa.post(page, {"file": "lyon.json", "do": "read"}))
    assert "6 ratings of 6 latents by 1 rater: 6 answered." in told
    assert not ExternalRound.objects.exists()
    unsaid = shown(rosa.post(page, {**SAID, "do": "import"}), 422)
    assert "Say whether the statistics take these ratings." in unsaid
    assert 'value="Dr Roux"' in unsaid
    listed = shown(rosa.post(page, {**SAID, "do": "import", "counts": "no"}, follow=True))
    assert "Hospices de Lyon" in listed
    assert "Set aside" in listed
    assert ExternalRound.objects.get().counts is False
    assert "Rated elsewhere" in shown(rosa.get(reverse("study", args=[world.study.slug])))
    assert "X01" not in shown(rosa.get(reverse("people", args=[world.study.slug])))


def test_others_are_turned_away(world: World, signed_in: SignedIn) -> None:
    page = reverse("external_rounds", args=[world.study.slug])
    for person, status in ((world.ada, 403), (world.cora, 403), (world.nora, 403), (world.sven, 404)):
        assert signed_in(person).get(page).status_code == status
        answer = signed_in(person).post(page, {**SAID, "do": "import", "counts": "yes"})
        assert answer.status_code == status
    assert not ExternalRound.objects.exists()


def test_only_files_of_the_studys_folder_are_read(world: World, signed_in: SignedIn) -> None:
    page = reverse("external_rounds", args=[world.study.slug])
    answer = signed_in(world.rosa).post(page, {"file": "../lyon.json", "do": "read"})
    assert "There is no such file in the study&#x27;s import folder" in shown(answer, 422)
