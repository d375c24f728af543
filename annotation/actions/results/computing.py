"""Computes a study's agreement and consensus, once per set of ratings: in one go, or a slice at a time.

A run under way is finished before the next begins, so that ratings that keep coming never keep one from ending.
"""

import time
from datetime import datetime
from functools import lru_cache

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Sum

from annotation.actions import audit
from annotation.actions.recomputing import follow_up_soon, go_on_computing, sensitivity_soon
from annotation.actions.results.laid_answers import LaidAnswers
from annotation.actions.results.laying_down import lay_down
from annotation.actions.results.pruning import drop_run, prune
from annotation.actions.results.sensitivity import lay_sensitivity
from annotation.actions.results.taking_steps import take_step
from annotation.enums import AuditVerb
from annotation.models import ResultInputs, ResultRun, Study
from annotation.queries.judging import judged_with
from annotation.queries.result_inputs import unpack
from annotation.queries.result_method import METHOD
from annotation.queries.results import newest_run
from annotation.queries.watermarks import watermarks

SLICE_SECONDS = 5.0
"""Of work on one study before a worker looks whether another waits."""
LONGEST_REST = 120.0
AT_ONCE = 0.0


def compute_results(*, study_id: int, now: datetime) -> ResultRun | None:
    """The results of the study's ratings as they are now; those computed before from the same ratings are returned.

    None if nobody has rated and nobody took her ratings away. Where others are at it, waits for them.
    """
    while True:
        laid = lay_down(study_id=study_id, now=now, wait=True)
        if laid.run is None or laid.run.complete:
            return laid.run
        while _take(laid.run, now, wait=True):
            pass
        if finish(run=laid.run, now=now) and laid.fresh:
            return ResultRun.objects.get(pk=laid.run.pk)


def compute_a_slice(*, study_id: int, now: datetime, seconds: float = SLICE_SECONDS) -> None:
    """Compute the study's results for about so long; see that they are gone on with, or followed up."""
    left = advance(study_id=study_id, now=now, seconds=seconds)
    if left is not None:
        go_on_computing(study_id=study_id, seconds=left)
    if left != AT_ONCE:
        follow_up_soon(study_id=study_id)


def advance(*, study_id: int, now: datetime, seconds: float) -> float | None:
    """Take steps of the study's run for about so long. In how many seconds to go on; None where nothing is left.

    Never waits: what another worker is at is left to it. A study whose ratings keep coming rests between two runs for
    as long as the last one took, so that no worker belongs to it alone.
    """
    until = time.monotonic() + seconds
    laid = lay_down(study_id=study_id, now=now, wait=False)
    if laid.run is None:
        return AT_ONCE if laid.busy else None
    run = laid.run
    if not run.complete:
        cut_short = False
        while not cut_short and _take(run, now, wait=False):
            cut_short = time.monotonic() > until
        if not finish(run=run, now=now):
            return AT_ONCE if cut_short else None
    return None if laid.fresh or run.seen == watermarks(run.study) else min(LONGEST_REST, run.seconds)


def compute_sensitivity(*, study_id: int, now: datetime, seconds: float | None = None) -> ResultRun | None:
    """What the newest results become with anyone left out, by the study's thresholds as they are; the run that has it.

    None where there are no results, or none that hold all ratings: the next ones have their own. seconds: to stop after
    about so long, and see that it is gone on with.
    """
    until = None if seconds is None else time.monotonic() + seconds
    study = Study.objects.get(pk=study_id)
    run = newest_run(study)
    if run is None or run.seen != watermarks(study):
        return None
    if run.left_out_with != judged_with(study):
        if not lay_sensitivity(run=run):
            return None
        run.refresh_from_db()
    while _take(run, now, wait=until is None):
        if until is not None and time.monotonic() > until:
            sensitivity_soon(study_id=study_id)
            return run
    if not run.steps.filter(done_at=None).exists():
        ResultInputs.objects.filter(run=run).delete()
    return run


def _take(run: ResultRun, now: datetime, *, wait: bool) -> bool:
    """One step. A run that cannot be computed is dropped: the next one may rest on ratings that can be."""
    if not run.complete and run.method_version != METHOD:
        drop_run(run)
        return False
    try:
        return take_step(run=run, laid=_laid_answers(run.pk, str(run.left_out_with)), now=now, wait=wait)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if not run.complete:
            drop_run(run)
        raise


@lru_cache(maxsize=1)
def _laid_answers(run: int, left_out_with: str) -> LaidAnswers:
    """Kept between slices. left_out_with: tells inputs that were laid down once more from those before."""
    return LaidAnswers(unpack(ResultInputs.objects.get(pk=run).content))


@transaction.atomic
def finish(*, run: ResultRun, now: datetime) -> bool:
    """Make the run complete once its steps are done. False if they are not, or if it was dropped."""
    locked = ResultRun.everything.select_for_update(no_key=True, of=("self",)).filter(pk=run.pk).first()
    if locked is None or locked.steps.filter(done_at=None).exists():
        return False
    if not locked.complete:
        locked.complete = True
        locked.seconds = locked.steps.aggregate(Sum("seconds"))["seconds__sum"] or 0.0
        locked.save(update_fields=["complete", "seconds"])
        ResultInputs.objects.filter(run=locked).delete()
        prune(study=locked.study)
        facts = {"inputs": locked.input_digest, "ratings": locked.ratings}
        audit.record(AuditVerb.RESULTS_COMPUTED, locked, by=None, now=now, study=locked.study, **facts)
    run.complete, run.seconds = True, locked.seconds
    return True
