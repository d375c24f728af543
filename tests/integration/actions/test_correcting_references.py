"""A mistaken reference: replaced before anybody answered, corrected afterwards, never edited; and who is told what."""

import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from annotation.actions.calibrating import open_calibration
from annotation.actions.references import GivenReference, correct_reference, set_reference
from annotation.actions.releasing import request_release, write_release
from annotation.actions.results import compute_results
from annotation.enums import AuditVerb
from annotation.models import AuditEvent, Reference, SampledLatent, User
from annotation.queries.calibration_standing import calibration_standing
from annotation.queries.references import panel_references
from annotation.queries.results import stale_studies
from annotation.rules.answers import Incomplete
from annotation.rules.calibration import CalibrationState
from annotation.rules.refusal import NotYours, Refused
from tests import calibration_world as worlds
from tests.calibration_world import DIFFERS, answer_set, favoured, membership, of_set, refer
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]
LATER = NOW + timedelta(hours=1)
GOUT = {"gout": 1.0}


@pytest.fixture
def drawn(db: None) -> World:
    world = worlds.build()
    worlds.draw(world)
    refer(world, 1)
    return world


def correct(world: World, latent: SampledLatent, *, by: User | None = None, reason: str = "A slip of mine.") -> None:
    given = favoured(concept=GivenReference(shares=GOUT, rationale="It is gout."))
    del given["specificity"]
    correct_reference(latent=latent, given=given, reason=reason, by=by or world.cora, now=LATER)


def test_a_correction_takes_the_place_of_all_that_she_had_set_and_leaves_it_on_record(drawn: World) -> None:
    latent = of_set(drawn.study, 1)[0]
    set_reference(latent=latent, given=favoured(), by=drawn.rosa, now=NOW)
    correct(drawn, latent)
    found = panel_references([latent.pk])
    assert found[latent.pk, "concept"].distribution == {"gout": 0.5, "Chest pain": 0.4, "unstable angina": 0.1}
    assert (found[latent.pk, "concept"].panel, found[latent.pk, "specificity"].panel) == (2, 1)
    rows = Reference.objects.filter(latent=latent, set_by=drawn.cora, item="concept").order_by("revision")
    assert [(row.revision, row.reason) for row in rows] == [(1, ""), (2, "A slip of mine.")]
    event = AuditEvent.objects.get(verb=AuditVerb.REFERENCE_CORRECTED)
    assert event.detail == {"items": ["category", "coherence", "concept"], "revision": 2, "answered": 0}


def test_before_anybody_answered_an_open_set_is_corrected_as_well(drawn: World) -> None:
    open_calibration(study=drawn.study, set_number=1, by=drawn.rosa, now=NOW)
    latent = of_set(drawn.study, 1)[0]
    with pytest.raises(Refused, match="fixed"):
        set_reference(latent=latent, given=favoured(), by=drawn.rosa, now=NOW)
    correct(drawn, latent)
    assert panel_references([latent.pk])[latent.pk, "concept"].distribution == GOUT


def test_a_correction_needs_its_reason_one_s_own_reference_and_its_author(drawn: World) -> None:
    latent = of_set(drawn.study, 1)[0]
    with pytest.raises(Incomplete) as caught:
        correct(drawn, latent, reason=" ")
    assert caught.value.problems.keys() == {"reason"}
    with pytest.raises(Incomplete) as caught:
        correct_reference(latent=latent, given={}, reason="", by=drawn.cora, now=LATER)
    assert caught.value.problems.keys() == {"reason", "concept"}
    with pytest.raises(Refused, match="set no reference"):
        correct(drawn, latent, by=drawn.rosa)
    with pytest.raises(Refused, match="role of"):
        correct(drawn, latent, by=drawn.ada)
    with pytest.raises(NotYours):
        correct(drawn, latent, by=drawn.sven)
    assert set(Reference.objects.values_list("revision", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_verdicts_stand_and_results_compare_with_the_correction_and_say_so() -> None:
    world = worlds.calibrated()
    answer_set(world, world.ada)
    for _ in (1, 2):
        answer_set(world, world.ben, DIFFERS)
    while rate_next(world.study, world.ada):
        pass
    first = compute_results(study_id=world.study.pk, now=NOW)
    latent = of_set(world.study, 1)[0]
    correct(world, latent)
    assert calibration_standing(membership(world, world.ada)).state == CalibrationState.PASSED
    assert calibration_standing(membership(world, world.ben)).state == CalibrationState.FAILED
    assert stale_studies() == [world.study.pk]
    second = compute_results(study_id=world.study.pk, now=LATER + timedelta(minutes=1))
    assert first is not None
    assert second is not None
    newest = Reference.objects.filter(latent=latent, revision=2).latest("pk").pk
    assert first.parameters["newest_reference"] < second.parameters["newest_reference"] == newest
    assert stale_studies() == []
    used = {(row["revision"], row["used"]) for row in released(world) if row["item"] == "concept" and of(row, latent)}
    assert used == {("1", "false"), ("2", "true")}


def of(row: dict[str, str], latent: SampledLatent) -> bool:
    return row["latent"] == str(latent.latent.index)


def released(world: World) -> list[dict[str, str]]:
    release = request_release(study=world.study, by=world.rosa, now=LATER + timedelta(minutes=2))
    write_release(release_id=release.pk, now=LATER + timedelta(minutes=3))
    release.refresh_from_db()
    path = Path(settings.ARTIFACT_ROOT) / release.folder / "references.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_page_begins_with_what_she_had_set_and_takes_the_correction(drawn: World, signed_in: SignIn) -> None:
    cora, latent = signed_in(drawn.cora), of_set(drawn.study, 1)[0]
    page = reverse("reference", args=[drawn.study.slug, latent.pk])
    assert "Correct yours" in cora.get(page).content.decode()
    html = cora.get(page, {"correct": "1"}).content.decode()
    for shown in ('value="Chest pain"', 'value="80"', 'value="20"', "All point to the chest.", "As narrow."):
        assert shown in html
    sent = {"concept-1": "gout", "share-concept-1": "100", "why-concept": "It is gout.", "reason": ""}
    assert "Say what was mistaken" in cora.post(page, sent).content.decode()
    assert cora.post(page, sent | {"reason": "A slip."}).status_code == 303
    assert panel_references([latent.pk])[latent.pk, "concept"].distribution == GOUT
