"""Begins a run: reads what it is computed from, once, and lays out the steps that it takes."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import connection, transaction

from annotation.actions.results.questions import LEVELS, question_keys
from annotation.actions.results.scoped import scopes_of
from annotation.enums import ItemKind
from annotation.models import ResultInputs, ResultRun, ResultStep, Study
from annotation.queries.result_inputs import Inputs, pack, read_inputs
from annotation.queries.result_method import METHOD
from annotation.queries.results import RUBRIC
from annotation.science.clc_parameters import ClcParameters

LAYING = "hashtextextended('consilium results', %s)"


@dataclass(frozen=True, kw_only=True)
class Laid:
    """A run to compute, or why there is none."""

    run: ResultRun | None = None
    """None where nobody has rated and nobody took her ratings away, or where somebody else is laying one down."""
    fresh: bool = False
    """Whether it rests on the ratings as they are now. A run under way is finished first, whatever came in since."""
    busy: bool = False
    """Whether somebody else is laying one down at this moment."""


@transaction.atomic
def lay_down(*, study_id: int, now: datetime, wait: bool) -> Laid:
    """The run of the study's ratings as they are now: complete if it was computed before, else with steps to take.

    wait: for whoever else is laying one down.
    """
    if not alone(study_id, wait=wait):
        return Laid(busy=True)
    under_way = ResultRun.everything.filter(study=study_id, complete=False).first()
    if under_way is not None:
        return Laid(run=under_way)
    study = Study.objects.select_related("rubric").get(pk=study_id)
    inputs = read_inputs(study)
    if not inputs.counted and not inputs.gone:
        return Laid()
    parameters = asdict(ClcParameters())
    digest = inputs.digest(version=METHOD, parameters=parameters)
    existing = ResultRun.objects.filter(study=study, input_digest=digest).first()
    if existing is None:
        return Laid(run=_begin(study, inputs, digest, parameters, now), fresh=True)
    if existing.seen != inputs.seen:
        existing.seen = dict(inputs.seen)
        existing.save(update_fields=["seen"])
    return Laid(run=existing, fresh=True)


def alone(study_id: int, *, wait: bool) -> bool:
    """Whether nobody else lays down a run of the study. The lock ends with the transaction."""
    with connection.cursor() as cursor:
        if wait:
            cursor.execute(f"SELECT pg_advisory_xact_lock({LAYING})", [study_id])
            return True
        cursor.execute(f"SELECT pg_try_advisory_xact_lock({LAYING})", [study_id])
        return bool(cursor.fetchone()[0])


def _begin(study: Study, inputs: Inputs, digest: str, parameters: dict[str, object], now: datetime) -> ResultRun:
    counted = inputs.counted
    run = ResultRun.everything.create(
        study=study,
        input_digest=digest,
        method_version=METHOD,
        parameters={**parameters, RUBRIC: inputs.rubric, **inputs.counts},
        seed=inputs.seed,
        last_rating=inputs.seen["rating"],
        ratings=len(counted),
        raters=len({record.rater for record in counted}),
        latents=len({record.latent for record in counted}),
        computed_at=now,
        seconds=0.0,
        complete=False,
        seen=dict(inputs.seen),
    )
    ResultInputs.objects.create(run=run, content=pack(inputs))
    steps = steps_of(inputs)
    for position, step in enumerate(steps):
        step.run, step.position = run, position
    ResultStep.objects.bulk_create(steps)
    return run


def steps_of(inputs: Inputs) -> list[ResultStep]:
    """Consensus first: it decides who is asked next. Where all that was rated is withheld there are none."""
    if not inputs.counted:
        return []
    asked = [item for item in inputs.items if ItemKind(item.kind) in LEVELS]
    consensus = [ResultStep(kind="consensus", item=key) for item in inputs.items for key in question_keys(item)]
    agreement = [
        ResultStep(kind=kind, item=item.key, part=part)
        for item in asked
        for kind, part in [
            *(("agreement", str(scope)) for scope in scopes_of(inputs, item)),
            ("pairs", ""),
            ("latents", ""),
        ]
    ]
    return [*consensus, *agreement]
