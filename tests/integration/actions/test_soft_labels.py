"""Soft targets are the release's own distributions, with who said what beside them."""

import json
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import settings

from annotation.actions.releasing import request_release, write_release
from annotation.export.__main__ import main
from tests import world as worlds
from tests.world import NOW, rate_next

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(transactional_db: None) -> Path:
    """Ada calls all six latents chest pain; Ben cannot tell, finds one not clinical, and says angina of the others."""
    world = worlds.build()
    while rate_next(world.study, world.ada, confidence=4):
        pass
    rate_next(world.study, world.ben, outcome="cannot-tell", rationale="")
    rate_next(world.study, world.ben, outcome="not-clinical", rationale="")
    while rate_next(world.study, world.ben, concept="angina", flags=["artefact"], coherence=2, confidence=2):
        pass
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=NOW + timedelta(minutes=1))
    release.refresh_from_db()
    return Path(settings.ARTIFACT_ROOT) / release.folder


def test_each_latent_and_item_has_its_opinions_weight_and_answers(folder: Path, tmp_path: Path) -> None:
    assert main(["soft-labels", str(folder), "-o", str(tmp_path / "soft.parquet")]) == 0
    rows = pq.read_table(tmp_path / "soft.parquet").to_pylist()
    released = pq.read_table(folder / "distributions.parquet").to_pylist()
    assert {(row["latent"], row["item"]) for row in rows} == {(row["latent"], row["item"]) for row in released}
    for row in rows:
        own = [one for one in released if (one["latent"], one["item"]) == (row["latent"], row["item"])]
        assert row["soft"] == [one["theta"] for one in own]
        assert row["classes"] == [one["class"] for one in own]
        assert row["weight"] == pytest.approx(row["n_eff"] / (row["n_eff"] + 2))
        assert row["votes"][row["hard"]] == max(row["votes"])
        counted = [0.0] * len(own)
        for answer in row["answers"]:
            counted[answer["class_position"]] += 1
        assert counted == row["votes"]


def test_what_no_new_text_has_is_privileged(folder: Path, tmp_path: Path) -> None:
    main(["soft-labels", str(folder), "-o", str(tmp_path / "soft.jsonl")])
    rows = [json.loads(line) for line in (tmp_path / "soft.jsonl").read_text().splitlines()]
    split = [row for row in rows if row["item"] == "concept" and "angina" in row["classes"]]
    assert len(split) == 4
    for row in split:
        assert row["privileged_confidence"] == pytest.approx((0.75 + 0.25) / 2)
        assert row["privileged_entropy"] > 0
        assert row["privileged_learnability"] is None
        assert {answer["rater"] for answer in row["answers"]} == {"R01", "R02"}
    (unsure,) = (row for row in rows if row["item"] == "concept" and row["privileged_cannot_tell"] > 0)
    assert unsure["privileged_cannot_tell"] == 0.5
    flags = [row for row in rows if row["item"] == "flags-artefact" and len(row["answers"]) == 2]
    assert [row["classes"] for row in flags] == [["yes", "no"]] * len(flags)


def test_nothing_half_written_stays_and_nothing_is_overwritten(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["soft-labels", str(folder), "-o", str(tmp_path / "soft.csv")]) == 1
    assert "ends in .parquet or .jsonl" in capsys.readouterr().err
    target = tmp_path / "soft.parquet"
    target.write_text("mine")
    assert main(["soft-labels", str(folder), "-o", str(target)]) == 1
    assert "There is a" in capsys.readouterr().err
    assert target.read_text() == "mine"
    (folder / "ratings.parquet").write_bytes(b"PAR1 damaged")
    assert main(["soft-labels", str(folder), "-o", str(tmp_path / "other.parquet")]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["soft.parquet"]
