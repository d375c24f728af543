"""The steps in which a run is computed, and how one is taken: its own digest first, and work only where that is new.

A step is one transaction: its rows and its mark are there together or not at all. Its row is locked while it is taken,
so that workers share a run's steps, and none does what another is at.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Model

from annotation.actions.results.agreement import REPLICATES, agreement_rows
from annotation.actions.results.consensus import consensus_rows, institution_rows, reliability_rows, scorer_rows
from annotation.actions.results.laid_answers import LaidAnswers
from annotation.actions.results.pairs import latent_rows, pair_rows
from annotation.actions.results.sensitivity import Refit
from annotation.actions.results.storing import keep, store
from annotation.actions.results.tables import TABLES
from annotation.models import ResultRun, ResultStep
from annotation.queries.result_method import VERSION
from annotation.rules.scopes import BETWEEN, RETEST, read_scope
from annotation.science.clc import clc
from annotation.science.clc_parameters import ClcParameters
from annotation.science.clc_result import ClcResult
from annotation.science.digest import digest

Rows = Sequence[Sequence[Model]]


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a step rests on, and how its rows are made from that."""

    digest: str
    rows: Callable[[], Rows]
    """One sequence a table of TABLES."""


def take_step(*, run: ResultRun, laid: LaidAnswers, now: datetime, wait: bool) -> bool:
    """Take the run's next step. False if none is left, or, unless it may wait, none that nobody else is at."""
    with transaction.atomic():
        waiting = run.steps.filter(done_at=None).order_by("position")
        step = waiting.select_for_update(skip_locked=not wait, of=("self",)).first()
        if step is None or step.done_at is not None:
            return step is not None
        started = time.monotonic()
        work = WORK[step.kind](step, laid)
        step.digest = work.digest
        step.kept_from = _keep(step, run)
        if step.kept_from is None:
            for rows in work.rows():
                store(run, rows)
        step.done_at, step.seconds = now, time.monotonic() - started
        step.save(update_fields=["digest", "kept_from", "done_at", "seconds"])
        return True


def _keep(step: ResultStep, run: ResultRun) -> ResultRun | None:
    """Take over the rows of a step with the same digest, of this study's runs. The run that they come from, if any."""
    same = ResultStep.objects.filter(run__study=run.study_id, kind=step.kind, digest=step.digest, done_at__isnull=False)
    before = same.select_related("run").order_by("-pk").first()
    if before is None:
        return None
    where, new = _named(before), _named(step)
    for table in TABLES[step.kind]:
        keep(table, of=before.run, into=run, where=where, **new)
    return before.run


def _named(step: ResultStep) -> dict[str, str]:
    """What tells a step's rows from those of other steps of its kind."""
    if step.kind == "agreement":
        return {"item": step.item, "scope": step.part}
    if step.kind == "sensitivity":
        kind, _, left_out = step.part.partition(":")
        return {"item": step.item, "kind": kind, "left_out": left_out}
    return {"item": step.item}


def _agreement(step: ResultStep, laid: LaidAnswers) -> Work:
    scope = read_scope(step.part)
    item, answers = laid.scoped(step.item, scope)
    between, seed = scope.kind == BETWEEN, laid.inputs.seed
    facts = {"seed": seed, "replicates": REPLICATES, "between": between, "again": scope.kind == RETEST}
    broader = laid.inputs.broader if item.kind == "concept" else {}
    return Work(
        digest=laid.digest(item, answers, "agreement", homes=between, broader=broader, **facts),
        rows=lambda: [list(agreement_rows(item, answers, seed=seed, scope=scope, broader=broader))],
    )


def _pairs(step: ResultStep, laid: LaidAnswers) -> Work:
    item, answers = laid.counted(step.item)
    return Work(digest=laid.digest(item, answers, "pairs"), rows=lambda: [list(pair_rows(item, answers))])


def _latents(step: ResultStep, laid: LaidAnswers) -> Work:
    item, answers = laid.counted(step.item)
    return Work(digest=laid.digest(item, answers, "latents"), rows=lambda: [list(latent_rows(item, answers))])


def _consensus(step: ResultStep, laid: LaidAnswers) -> Work:
    question = laid.question(step.item)
    known = laid.inputs.known.by_item.get(step.item, ())
    params = ClcParameters()

    def rows() -> Rows:
        result = clc(question.answers, question.item, params, seed=laid.inputs.seed, calibration=known)
        if not isinstance(result, ClcResult):
            return [[], [], [], []]
        return [
            list(consensus_rows(question, result)),
            list(reliability_rows(question, result)),
            list(institution_rows(question, result)),
            list(scorer_rows(question, result)),
        ]

    own = digest(
        known,
        version=VERSION,
        item=question.item,
        parameters=asdict(params),
        seed=laid.inputs.seed,
        answers=laid.lines(question.answers),
    )
    return Work(digest=own, rows=rows)


def _sensitivity(step: ResultStep, laid: LaidAnswers) -> Work:
    refit = Refit(step, laid)
    return Work(digest=refit.digest, rows=lambda: [[refit.row()]])


WORK: Mapping[str, Callable[[ResultStep, LaidAnswers], Work]] = {
    "agreement": _agreement,
    "pairs": _pairs,
    "latents": _latents,
    "consensus": _consensus,
    "sensitivity": _sensitivity,
}
