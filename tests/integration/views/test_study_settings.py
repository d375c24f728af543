"""The study's settings: what may change when, and what a change does at once."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.study_settings import change_study
from annotation.enums import AuditVerb, RoundKind
from annotation.models import AuditEvent, Study, User
from annotation.rules.answers import Incomplete
from annotation.rules.refusal import Refused
from annotation.rules.study_settings import SETTINGS, check_changes
from annotation.views.study_settings import SettingsForm
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]
ADDRESS = "/studies/hearts/settings/"


def form(**changes: Any) -> dict[str, Any]:
    return {
        "raters_per_latent": 2,
        "retest_share": 0,
        "retest_gap_hours": 168,
        "case_repeat_share": 15,
        "case_repeat_gap_hours": 336,
        "calibration_threshold": 60,
        "reading_share": 20,
        "scorers": ["embedding"],
        "currency": "EUR",
        "withdrawal": "stay",
    } | changes


def test_the_form_has_every_setting() -> None:
    assert set(SettingsForm.base_fields) == set(SETTINGS)


def test_settings_are_saved_with_what_changed_in_the_audit(before_round: World, signed_in: SignIn) -> None:
    sent = form(retest_share="12.5", hourly_rate="84.50", currency="chf", code_systems=["hpo"], raters_per_latent=1)
    response = signed_in(before_round.rosa).post(ADDRESS, sent)
    assert (response.status_code, response["Location"]) == (303, ADDRESS)
    study = Study.objects.get()
    assert (study.retest_share, study.hourly_rate, study.currency) == (0.125, Decimal("84.50"), "CHF")
    assert (study.code_systems, study.raters_per_latent) == (["hpo"], 1)
    event = AuditEvent.objects.get(verb=AuditVerb.STUDY_CHANGED)
    assert event.detail["changed"] == {
        "raters_per_latent": [2, 1],
        "retest_share": [0.0, 0.125],
        "code_systems": [[], ["hpo"]],
        "hourly_rate": [None, "84.50"],
        "currency": ["EUR", "CHF"],
    }


def test_what_the_page_shows_saved_again_changes_nothing(world: World, signed_in: SignIn) -> None:
    Study.objects.update(retest_share=0.15, reading_share=0.07)
    client = signed_in(world.rosa)
    shown = client.get(ADDRESS).context["form"].initial
    sent = {name: value for name, value in shown.items() if value is not None}
    assert client.post(ADDRESS, sent).status_code == 303
    assert not AuditEvent.objects.filter(verb=AuditVerb.STUDY_CHANGED).exists()


def test_what_would_change_under_raters_at_work_is_refused_and_nothing_is_saved(
    world: World, signed_in: SignIn
) -> None:
    response = signed_in(world.rosa).post(ADDRESS, form(raters_per_latent=1, code_systems=["hpo"], reading_share=50))
    assert response.status_code == 422
    text = response.content.decode()
    assert "An independent round is laid out for the number that it opened with." in text
    assert "What raters are offered stays the same while a round is open." in text
    assert Study.objects.get().reading_share == 0.2


def test_the_consent_stands_once_somebody_has_rated(world: World) -> None:
    change_study(study=world.study, settings={"withdrawal": "withhold"}, by=world.rosa, now=NOW)
    rate_next(world.study, world.ada)
    with pytest.raises(Incomplete, match="rated under this consent"):
        change_study(study=world.study, settings={"withdrawal": "stay"}, by=world.rosa, now=NOW)


def test_a_study_that_wants_retests_now_opens_them_beside_its_open_rounds(world: World) -> None:
    change_study(study=world.study, settings={"retest_share": 1.0}, by=world.rosa, now=NOW)
    world.study.refresh_from_db()
    twin = world.study.rounds.get(kind=RoundKind.RETEST)
    assert twin.repeats == world.study.rounds.get(kind=RoundKind.INDEPENDENT)
    rate_next(world.study, world.ada)
    assert twin.slots.count() == 1
    change_study(study=world.study, settings={"retest_share": 0.5}, by=world.rosa, now=NOW)
    assert world.study.rounds.filter(kind=RoundKind.RETEST).count() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retest_share", 1.5),
        ("calibration_threshold", -0.1),
        ("raters_per_latent", 0),
        ("retest_gap_hours", 10**6),
        ("hourly_rate", Decimal("-1")),
        ("currency", "euro"),
        ("code_systems", ["snomed"]),
        ("withdrawal", "perhaps"),
    ],
)
def test_values_that_make_no_sense_are_told_beside_their_field(name: str, value: Any) -> None:
    with pytest.raises(Incomplete) as error:
        check_changes({name: value}, open_kinds=[], rated=False)
    assert set(error.value.problems) == {name}


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("calibration_threshold", 0.5, RoundKind.CALIBRATION),
        ("reading_share", 0.5, RoundKind.READING),
        ("code_systems", ["hpo"], RoundKind.AGAIN),
        ("raters_per_latent", 4, RoundKind.INDEPENDENT),
    ],
)
def test_each_open_round_keeps_what_it_rests_on(name: str, value: Any, kind: RoundKind) -> None:
    check_changes({name: value}, open_kinds=[], rated=True)
    with pytest.raises(Incomplete, match=r"[Cc]lose (it|them)"):
        check_changes({name: value}, open_kinds=[kind], rated=False)


def test_other_columns_of_a_study_are_no_settings(world: World) -> None:
    with pytest.raises(Refused, match="no setting “seed”"):
        change_study(study=world.study, settings={"seed": 1}, by=world.rosa, now=NOW)


def test_only_the_researcher_changes_them(world: World, signed_in: SignIn) -> None:
    for name, status in (("ada", 403), ("nora", 403), ("sven", 404)):
        assert signed_in(getattr(world, name)).post(ADDRESS, form()).status_code == status
    with pytest.raises(Refused, match="role of researcher"):
        change_study(study=world.study, settings={"retest_share": 0.5}, by=world.nora, now=NOW)
    assert reverse("study_settings", args=["hearts"]) == ADDRESS
