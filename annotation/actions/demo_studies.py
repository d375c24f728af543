"""The demo's two studies: one that a newcomer rates at once, and one that simulated people have worked through."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from annotation.actions.asking_readings import ask_readings
from annotation.actions.calibrating import let_through, open_calibration
from annotation.actions.calibration_sets import draw_calibration_sets
from annotation.actions.demo_incidents import Incidents, coordinator
from annotation.actions.demo_people import (
    PEOPLE,
    SIMULATED_CHIEF,
    SIMULATED_PANEL,
    SIMULATED_RATERS,
    join,
    person,
    user,
)
from annotation.actions.follow_up import follow_up
from annotation.actions.releasing import request_release
from annotation.actions.results import compute_results
from annotation.actions.rounds import close_round, open_round
from annotation.actions.sampling import draw_sample
from annotation.actions.signing_hours import sign_hours
from annotation.actions.simulated_panel import set_panel_references
from annotation.actions.simulated_readings import simulate_readings
from annotation.actions.simulating import cast, decide_some_cases, simulate_ratings
from annotation.actions.studies import create_study
from annotation.actions.working_hours import WorkingHours
from annotation.enums import CodeSystem, Role, RoundKind, RoundState
from annotation.models import Membership, RubricVersion, SampledLatent, Study, User
from annotation.queries.calibration_standing import calibration_standing
from annotation.queries.reading_candidates import reading_candidates
from annotation.rules.calibration import SETS, CalibrationState
from annotation.rules.membership import active

STUDY, SIMULATED = "demo", "simulated"
CALIBRATION_LATENTS = 3
SAMPLE, SIMULATED_SAMPLE = 24, 40
PASSES_AT = 0.5
"""Of the newcomers' calibration, lower than by default: they are to see what comes after it."""
SEED = 20261267
"""Of the study that newcomers rate: it draws a first calibration set whose latents are easy to read."""
DAYS = 15
"""So long before today the simulated people begin."""
SHARED: dict[str, Any] = {
    "code_systems": list(CodeSystem.values),
    "hourly_rate": Decimal("60.00"),
    "currency": "EUR",
    "retest_share": 0.15,
    "retest_gap_hours": 24,
    "reading_share": 0.2,
}


def create_demo_study(*, rubric: RubricVersion, now: datetime) -> Study:
    """Empty, with its people; the mining run and what rests on it come later."""
    study = create_study(
        slug=STUDY,
        name="What fires on clinical notes",
        by=user(person(Role.RESEARCHER)),
        now=now,
        rubric=rubric,
        purpose="Latents of a sparse autoencoder on SmolLM2-135M, layer 18, read on short clinical notes.",
        concepts=_concepts(),
        sample_size=SAMPLE,
        raters_per_latent=3,
        seed=SEED,
        calibration_threshold=PASSES_AT,
        **SHARED,
    )
    join(study, *PEOPLE, now=now)
    return study


def open_demo_study(study: Study, now: datetime) -> None:
    """Its sample, both calibration sets with the simulated panel's references, and its first round."""
    researcher = user(person(Role.RESEARCHER))
    if not study.sample.exists():
        draw_sample(study=study, by=researcher, now=now)
    if not study.rounds.exists():
        join(study, *SIMULATED_PANEL, now=now)
        _calibrate(study, SETS, now)
        open_round(study=study, by=researcher, now=now)


def fill_simulated_study(demo: Study, now: datetime) -> None:
    """Everything a study goes through, dated as if in the days before `now`: calibration to hours and a release."""
    if Study.objects.filter(slug=SIMULATED).exists():
        return
    today = timezone.localdate(now)
    hours = WorkingHours(first=today - timedelta(days=DAYS), last=today - timedelta(days=1))
    researcher, chief = user(person(Role.RESEARCHER)), user(SIMULATED_CHIEF)
    study = _simulated_study(demo, researcher, hours.now)
    draw_sample(study=study, by=researcher, now=hours.now)
    _calibrate(study, SETS[:1], hours.now)
    playing = cast(study)
    simulate_ratings(playing=playing, hours=hours)
    _let_through(study, researcher, hours.now)
    open_round(study=study, by=researcher, now=hours.now)
    simulate_ratings(playing=playing, hours=hours, after=Incidents(study))
    for round_ in study.rounds.filter(kind=RoundKind.INDEPENDENT, state=RoundState.OPEN):
        close_round(round_=round_, by=researcher, now=hours.now)
    _read(study, researcher, hours)
    decide_some_cases(study=study, by=chief, share=0.5, now=hours.now)
    _sign_hours(study, now)
    request_release(study=study, by=researcher, now=now)


def _simulated_study(demo: Study, researcher: User, now: datetime) -> Study:
    study = create_study(
        slug=SIMULATED,
        name="Simulated raters (for a look around)",
        by=researcher,
        now=now,
        rubric=demo.rubric,
        run=demo.run,
        simulated=True,
        concepts=_concepts(),
        sample_size=SIMULATED_SAMPLE,
        raters_per_latent=4,
        seed=demo.seed + 1,
        purpose="No person gave these ratings: a labelled simulator did, from the same latents and dated over the last "
        "weeks, so that every page has something to show.",
        **SHARED,
    )
    people = [one for one in PEOPLE if one.role != Role.ANNOTATOR]
    join(study, *SIMULATED_RATERS, SIMULATED_CHIEF, *SIMULATED_PANEL, *people, now=now)
    return study


def _calibrate(study: Study, opened: tuple[int, ...], now: datetime) -> None:
    """Both sets drawn; those that open have the panel's references. The others wait for the panel."""
    researcher = user(person(Role.RESEARCHER))
    draw_calibration_sets(study=study, latents=CALIBRATION_LATENTS, by=researcher, now=now)
    latents = SampledLatent.everything.filter(study=study, calibration_set__in=opened).order_by("position")
    panel = [user(one) for one in SIMULATED_PANEL]
    set_panel_references(latents=list(latents), panel=panel, now=now)
    for number in opened:
        open_calibration(study=study, set_number=number, by=researcher, now=now)


def _let_through(study: Study, by: User, now: datetime) -> None:
    for member in _raters(study):
        if calibration_standing(member).state == CalibrationState.FAILED:
            let_through(membership=member, reason="Simulated: we spoke about the rubric.", by=by, now=now)


def _read(study: Study, researcher: User, hours: WorkingHours) -> None:
    """Blinded readings of the study's share, and the results with them."""
    if any(one.readable for one in reading_candidates(study)):
        ask_readings(study=study, by=researcher, now=hours.now)
        simulate_readings(study=study, moments=hours)
    compute_results(study_id=study.pk, now=hours.now)
    follow_up(study_id=study.pk, now=hours.now)


def _sign_hours(study: Study, now: datetime) -> None:
    """One of Northgate's raters, signed off by its coordinator; the others wait."""
    first = next(one for one in _raters(study) if one.institution and one.institution.code == "north")
    today = timezone.localdate(now)
    sign_hours(
        membership=first, first_day=today - timedelta(days=DAYS), last_day=today - timedelta(days=1), by=coordinator(),
        now=now,
    )  # fmt: skip


def _raters(study: Study) -> list[Membership]:
    members = active(study).filter(role=Role.ANNOTATOR).select_related("institution", "study", "user")
    return list(members.order_by("pk"))


def _concepts() -> Any:
    return json.loads((settings.DEMO_ROOT / "concepts.json").read_text(encoding="utf-8"))
