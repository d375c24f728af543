"""What a release says of its raters: only what the study asks for and they said, and who could be recognised by it."""

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from annotation.actions.accounts import describe_oneself
from annotation.actions.releasing import request_release, write_release
from annotation.actions.study_settings import change_study
from annotation.enums import AuditVerb, RaterAttribute, ReleaseState
from annotation.export.verify import verify
from annotation.models import AuditEvent, Membership, Rating, Release, Study, User
from annotation.queries.calibration_result import compared_answers
from annotation.queries.release_raters import anonymity_facts
from annotation.rules.refusal import Refused
from tests import calibration_world
from tests import world as worlds
from tests.world import NOW, World, add_rater, pseudonym, rate_next

SAID = {"specialty": "cardiology", "seniority": "specialist"}


def chosen(world: World, *attributes: str) -> Study:
    asked = {"release_raters": True, "rater_attributes": list(attributes)}
    return change_study(study=world.study, settings=asked, by=world.rosa, now=NOW)


def cut(world: World) -> Release:
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=NOW + timedelta(minutes=1))
    release.refresh_from_db()
    assert release.state == ReleaseState.READY, release.failure
    assert verify(folder(release)).problems == ()
    return release


def folder(release: Release) -> Path:
    return Path(settings.ARTIFACT_ROOT) / release.folder


def raters(release: Release) -> dict[str, dict[str, Any]]:
    lines = (folder(release) / "raters.jsonl").read_text().splitlines()
    return {row["pseudonym"]: row for row in map(json.loads, lines)}


@pytest.mark.django_db(transaction=True)
def test_without_the_studys_word_there_is_no_table_and_nothing_of_what_they_said() -> None:
    world = worlds.build()
    rate_next(world.study, world.ada)
    describe_oneself(**SAID, by=world.ada, now=NOW)
    release = cut(world)
    assert not list(folder(release).glob("raters*"))
    for path in folder(release).iterdir():
        if path.suffix in {".csv", ".jsonl", ".json", ".md", ".txt"}:
            assert "cardiology" not in path.read_text(), path.name


@pytest.mark.django_db(transaction=True)
def test_each_says_what_she_said_and_who_said_nothing_is_missing() -> None:
    world = worlds.build()
    rate_next(world.study, world.ada)
    rate_next(world.study, world.ben)
    describe_oneself(**SAID, by=world.ada, now=NOW)
    describe_oneself(specialty="rather-not-say", seniority="", by=world.ben, now=NOW)
    chosen(world, "specialty", "seniority")
    release = cut(world)
    rows = raters(release)
    ada, ben, cora = (rows[pseudonym(world.study, user)] for user in (world.ada, world.ben, world.cora))
    assert (ada["specialty"], ada["seniority"], ada["ratings"]) == ("cardiology", "specialist", 1)
    assert (ben["specialty"], ben["seniority"]) == (None, None)
    assert (cora["role"], cora["institution"], cora["ratings"]) == ("adjudicator", None, 0)
    assert "calibration" not in ada
    with (folder(release) / "raters.csv").open() as file:
        assert {row["pseudonym"] for row in csv.DictReader(file)} == set(rows)
    chosen(world, "seniority")
    assert "specialty" not in raters(cut(world))[ada["pseudonym"]]


@pytest.mark.django_db(transaction=True)
def test_who_took_her_ratings_with_her_is_not_in_the_table() -> None:
    world = worlds.build()
    rate_next(world.study, world.ada)
    rate_next(world.study, world.ben)
    chosen(world)
    gone = pseudonym(world.study, world.ben)
    Membership.objects.filter(study=world.study, user=world.ben).update(withdrawn_at=NOW, ratings_withheld=True)
    assert gone not in raters(cut(world))


@pytest.mark.django_db(transaction=True)
def test_calibration_is_said_as_the_page_counts_it() -> None:
    world = calibration_world.calibrated()
    for _ in range(calibration_world.SIZE):
        rate_next(world.study, world.ada, **calibration_world.AGREES)
    assert Rating.objects.filter(rater=world.ada, round__kind="calibration").count() == calibration_world.SIZE
    chosen(world, "calibration")
    with pytest.raises(Refused, match="at least one rating beside calibration"):
        cut(world)
    rate_next(world.study, world.ada)
    rows = raters(cut(world))
    ada, ben = rows[pseudonym(world.study, world.ada)], rows[pseudonym(world.study, world.ben)]
    credits = [one.credit for one in compared_answers(world.study) if one.rater == world.ada.pk]
    assert ada["calibration_answers"] == len(credits) > calibration_world.SIZE
    assert ada["calibration_agreement"] == pytest.approx(sum(credits) / len(credits), abs=1e-12)
    member = Membership.objects.get(study=world.study, user=world.ada)
    assert ada["calibration"] == ("not-passed" if member.calibrated_at is None else "passed")
    assert (ben["calibration"], ben["calibration_agreement"], ben["calibration_answers"]) == (None, None, 0)


@pytest.fixture
def crowded(world: World) -> World:
    """Six raters at the North, Ben alone at the South; Ada the only cardiologist."""
    for name in ("dora", "emil", "fay", "gus", "hana"):
        describe_oneself(specialty="surgery", seniority="", by=add_rater(world, name, world.north), now=NOW)
    describe_oneself(specialty="cardiology", seniority="", by=world.ada, now=NOW)
    chosen(world, "specialty")
    world.study.refresh_from_db()
    return world


def test_groups_too_small_are_named_with_what_leaving_a_field_out_would_change(crowded: World) -> None:
    facts = anonymity_facts(crowded.study)
    alone = {pseudonym(crowded.study, user) for user in (crowded.ada, crowded.ben, crowded.cora)}
    assert facts["attributes"] == ["role", "institution", "specialty"]
    assert set(facts["alone"]) == alone
    assert {tuple(cell["attributes"]) for cell in facts["cells"]} == {
        ("annotator", "north", "cardiology"),
        ("annotator", "south", "not said"),
        ("adjudicator", "none", "not said"),
    }
    assert facts["alone_without"] == {"specialty": 2}


@pytest.mark.django_db(transaction=True)
def test_the_manifest_and_the_card_name_the_groups() -> None:
    world = worlds.build()
    rate_next(world.study, world.ada)
    describe_oneself(**SAID, by=world.ada, now=NOW)
    chosen(world, "specialty")
    release = cut(world)
    assert release.manifest is not None
    assert release.manifest["anonymity"] == anonymity_facts(Study.objects.get(pk=world.study.pk))
    assert "annotator, north, cardiology" in (folder(release) / "README.md").read_text()


def test_the_page_shows_the_groups_and_one_click_leaves_the_field_out(crowded: World, client: Client) -> None:
    rate_next(crowded.study, crowded.ada)
    client.force_login(crowded.rosa)
    html = client.get(reverse("releases", args=["hearts"])).content.decode()
    assert "3 of 8 people share role, institution and specialty with so few others" in html
    assert "2 would still be recognisable." in html
    answer = client.post(reverse("release_without", args=["hearts"]), {"attribute": "specialty"}, follow=True)
    assert "It is left out of releases from now on." in answer.content.decode()
    crowded.study.refresh_from_db()
    assert crowded.study.rater_attributes == []
    assert "2 of 8 people share role and institution with so few others" in answer.content.decode()


def test_only_a_researcher_leaves_a_field_out(crowded: World, client: Client) -> None:
    for user in (crowded.ada, crowded.cora, crowded.nora, crowded.sven):
        client.force_login(user)
        answer = client.post(reverse("release_without", args=["hearts"]), {"attribute": "specialty"})
        assert answer.status_code in (403, 404)
    crowded.study.refresh_from_db()
    assert crowded.study.rater_attributes == [RaterAttribute.SPECIALTY]


def test_she_says_it_herself_on_her_account_and_takes_it_back(world: World, client: Client) -> None:
    chosen(world, "specialty")
    client.force_login(world.ada)
    html = client.get(reverse("account")).content.decode()
    assert "Cardiology" in html
    assert world.study.name in html
    html = client.post(reverse("about_me"), SAID, follow=True).content.decode()
    assert "Noted. Releases that are cut from now on go by it." in html
    assert spoken(world.ada) == ("cardiology", "specialist")
    client.post(reverse("about_me"), {"specialty": "", "seniority": ""})
    assert spoken(world.ada) == ("", "")
    events = AuditEvent.objects.filter(verb=AuditVerb.PERSON_DESCRIBED)
    assert [event.detail["said"] for event in events.order_by("pk")] == [["specialty", "seniority"], []]


def spoken(user: User) -> tuple[str, str]:
    user = User.objects.get(pk=user.pk)
    return user.specialty, user.seniority


def test_what_is_on_no_list_is_refused_and_changes_nothing(world: World, client: Client) -> None:
    with pytest.raises(Refused, match="that are offered"):
        describe_oneself(specialty="Dr. Ada's own field", seniority="", by=world.ada, now=NOW)
    client.force_login(world.ada)
    html = client.post(reverse("about_me"), {"specialty": "x"}, follow=True).content.decode()
    assert "Choose among the fields" in html
    assert spoken(world.ada) == ("", "")
    assert not AuditEvent.objects.filter(verb=AuditVerb.PERSON_DESCRIBED).exists()
