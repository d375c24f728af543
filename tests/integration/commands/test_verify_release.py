"""`manage.py verify_release` and `release_columns`: exit codes and sentences."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from annotation.actions.releasing import request_release, write_release
from annotation.export.dictionary import markdown
from tests import world as worlds
from tests.world import NOW, rate_next


@pytest.fixture
def folder(transactional_db: None) -> Path:
    world = worlds.build()
    rate_next(world.study, world.ada)
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=NOW + timedelta(minutes=1))
    release.refresh_from_db()
    return Path(settings.ARTIFACT_ROOT) / release.folder


def test_an_intact_release_is_said_to_be_intact(folder: Path) -> None:
    out = io.StringIO()
    call_command("verify_release", folder, stdout=out)
    assert out.getvalue().startswith("This release is intact: 42 files")


def test_an_altered_release_fails_and_names_the_file(folder: Path) -> None:
    path = folder / "ratings.csv"
    path.write_bytes(path.read_bytes().replace(b"R01", b"R09"))
    err = io.StringIO()
    with pytest.raises(CommandError, match="not intact: one problem"):
        call_command("verify_release", folder, stderr=err)
    assert "ratings.csv was altered or damaged" in err.getvalue()


def test_another_folder_fails_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="name the folder of an unpacked release"):
        call_command("verify_release", tmp_path)


def test_the_columns_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    call_command("release_columns", stdout=out)
    assert out.getvalue() == markdown()
