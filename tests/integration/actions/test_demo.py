"""The demo as a newcomer finds it: every part of the rating room has something in it, made by the real actions."""

from collections.abc import Iterator
from datetime import timedelta
from math import ceil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from annotation.actions import demo, demo_incidents, demo_studies
from annotation.actions.claiming import claim
from annotation.actions.demo_people import PEOPLE, SIMULATED_PANEL, user
from annotation.actions.simulating import cast
from annotation.actions.working_hours import WorkingHours
from annotation.enums import CaseState, ReportState, Role, RoundKind, RoundState, SlotState
from annotation.models import (
    AuditEvent,
    Decline,
    HoursStatement,
    Membership,
    MiningRun,
    Reading,
    Reference,
    SampledLatent,
    Study,
)
from annotation.queries.calibration_sets import calibration_sets
from annotation.queries.calibration_standing import calibration_standing
from annotation.rules.calibration import CalibrationState
from annotation.rules.refusal import Refused
from annotation.rules.reports import reports_for
from saeserve import contract
from tests import world as worlds

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(hour=9)
LATENTS = 36
HELD_OUT = {contract.HELD_OUT: 10, contract.HELD_OUT_RANDOM: 5, contract.HELD_OUT_HARD: 5}


@pytest.fixture(scope="module", autouse=True)
def studies(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Both studies over a run that this fixture wrote, rolled back at the end: smaller, else as in the demo."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")  # nothing is tidied up inside one long transaction, and others left rows
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr(demo_studies, "SAMPLE", 6)
        patch.setattr(demo_studies, "SIMULATED_SAMPLE", 9)
        for number, name in enumerate(("DECIDED", "WAITING", "REVISES", "LEAVES"), start=1):
            patch.setattr(demo_incidents, name, (getattr(demo_incidents, name)[0], 1 + number // 2))
        study = demo.set_up_people(now=NOW)
        Study.objects.filter(pk=study.pk).update(run=run_with_held_out())
        demo.continue_demo(now=NOW)
        yield
        transaction.set_rollback(True)


def run_with_held_out() -> MiningRun:
    """The small world's run with as many held-out snippets as a real one has, of notes that are shown to nobody."""
    run = worlds.finished_run(latents=LATENTS)
    path = settings.ARTIFACT_ROOT / "runs" / run.digest / contract.SNIPPETS_FILE
    table = pq.read_table(path)
    rows = [row for row in table.to_pylist() if row["kind"] not in HELD_OUT]
    rows += [
        worlds._snippet(latent, worlds.WORDS[latent % len(worlds.WORDS)], kind, rank)
        for latent in range(LATENTS)
        for kind, count in HELD_OUT.items()
        for rank in range(count)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    return run


def rated() -> Study:
    return Study.objects.get(slug=demo_studies.STUDY)


def simulated() -> Study:
    return Study.objects.get(slug=demo_studies.SIMULATED)


def test_a_newcomer_begins_with_three_calibration_latents_and_may_then_rate() -> None:
    rater = user(PEOPLE[0])
    slot = claim(study=rated(), by=rater, now=NOW)
    assert slot is not None
    assert slot.round.kind == RoundKind.CALIBRATION
    assert len(calibration_sets(rated())[0].latents) == demo_studies.CALIBRATION_LATENTS
    assert rated().rounds.filter(kind=RoundKind.INDEPENDENT, state=RoundState.OPEN).count() == 1


def test_every_calibration_latent_that_opens_has_two_seniors_references_with_reason_and_clause() -> None:
    panel = {user(one).pk for one in SIMULATED_PANEL}
    for latent in SampledLatent.everything.filter(study=rated()).exclude(calibration_set=None):
        concept = Reference.objects.filter(latent=latent, item="concept")
        assert {one.set_by_id for one in concept} == panel
        assert all(one.rationale.startswith("Simulated: ") and one.clause for one in concept)
        for one in Reference.objects.filter(latent=latent):
            assert sum(one.distribution.values()) == pytest.approx(1)


def test_the_studies_have_code_systems_a_rate_retests_and_readings() -> None:
    for study in (rated(), simulated()):
        assert set(study.code_systems) == {"icd-10-cm", "hpo"}
        assert (study.hourly_rate, study.currency) == (60, "EUR")
        assert study.retest_share > 0 < study.reading_share
        assert study.rounds.filter(kind=RoundKind.RETEST).exists()
    quotas = rated().rounds.get(kind=RoundKind.INDEPENDENT).slots.values_list("institution__code", flat=True)
    assert set(quotas) == {"north", "brigid", "harbour"}


def test_simulated_raters_point_at_words_say_what_fits_and_think_again() -> None:
    ratings = simulated().ratings
    assert ratings.exclude(evidence=[]).exists()
    assert ratings.exclude(fits={}).exists()
    assert ratings.exclude(second_concept=None).exists()
    assert ratings.filter(revision=2).exclude(reason="").count() == 1
    assert ratings.filter(round__kind=RoundKind.RETEST).exists()
    assert Reading.objects.filter(study=simulated()).exists()


def test_declining_costs_nobody_anything() -> None:
    declined = Decline.objects.filter(round__study=simulated())
    events = AuditEvent.objects.filter(study=simulated().pk, verb="latent-declined")
    assert events.count() == declined.count()
    for one in declined:
        assert not simulated().ratings.filter(latent=one.latent, rater=one.rater).exists()


def test_one_report_waits_for_northgates_coordinator_and_one_is_decided() -> None:
    coordinator = user(next(one for one in PEOPLE if one.role == Role.COORDINATOR))
    states = reports_for(coordinator, simulated()).order_by("pk").values_list("state", flat=True)
    assert list(states) == [ReportState.SHOWN_AGAIN, ReportState.OPEN]


def test_one_raters_hours_are_signed_and_one_has_withdrawn() -> None:
    statement = HoursStatement.objects.get(membership__study=simulated())
    assert statement.membership.institution is not None
    assert statement.membership.institution.code == "north"
    assert statement.ratings > 0 < statement.seconds
    assert Membership.objects.filter(study=simulated()).exclude(withdrawn_at=None).count() == 1


def test_everything_simulated_happened_before_today() -> None:
    today = timezone.localdate(NOW)
    days = {timezone.localdate(at) for at in simulated().ratings.values_list("submitted_at", flat=True)}
    assert max(days) < today
    assert min(days) >= today - timedelta(days=demo_studies.DAYS)
    assert len(days) > 2


def test_a_calibration_set_of_the_simulated_study_waits_for_the_panel() -> None:
    first, second = calibration_sets(simulated())
    assert first.round is not None
    assert second.round is None
    assert not second.complete
    standings = {calibration_standing(member).state for member in demo_studies._raters(simulated())}
    assert standings == {CalibrationState.PASSED}


def test_cases_wait_and_no_place_is_left_half_way() -> None:
    states = list(simulated().cases.values_list("state", flat=True))
    assert states
    assert states.count(CaseState.DECIDED) == ceil(len(states) / 2)
    assert not simulated().rounds.filter(slots__state=SlotState.LEASED).exists()


def test_the_same_steps_again_change_nothing() -> None:
    before = AuditEvent.objects.count()
    assert not demo.unfinished()
    demo.continue_demo(now=NOW)
    demo.set_up_people(now=NOW)
    assert AuditEvent.objects.count() == before


def test_nobody_is_simulated_in_a_study_of_people() -> None:
    with pytest.raises(Refused, match="marked as simulated"):
        cast(rated())


def test_simulated_people_work_by_day_and_never_in_the_future() -> None:
    today = timezone.localdate(NOW)
    hours = WorkingHours(first=today - timedelta(days=3), last=today - timedelta(days=1))
    moments = [next(hours) for _ in range(500)]
    assert moments == sorted(moments)
    assert {moment.hour for moment in moments} <= set(range(8, 19))
    assert moments[-1].date() == today - timedelta(days=1)
