"""Plans a study's size from its ratings so far: asked for by a researcher, drawn by the worker, kept for the page."""

from annotation.actions.results.laid_answers import LaidAnswers
from annotation.actions.results.questions import LEVELS, domain
from annotation.enums import ItemKind
from annotation.models import ResultRun, Study, User
from annotation.queries.rating_records import science_item
from annotation.queries.result_inputs import Inputs, read_inputs
from annotation.queries.results import newest_run
from annotation.queries.study_plan import (
    LATENTS,
    MOST_PEOPLE,
    Size,
    StudyPlan,
    keep_plan,
    plan_digest,
    raters_up_to,
    stored_plan,
)
from annotation.queue import enqueue_soon
from annotation.rules.membership import check_researcher
from annotation.rules.refusal import Refused
from annotation.science.plan_cell import PlanCell
from annotation.science.planning import Plan, plan
from annotation.science.types import Interval, ScienceError, Undefined, open_item

TASK = "annotation.make_plan"
RESULTS_SOON = 10.0
"""Seconds after which results that were under way may hold all ratings."""


def ask_for_plan(*, study: Study, item: str, pool: int, by: User) -> bool:
    """Have the plan of one rubric item drawn on the worker, for a study with `pool` raters. False where it is there.

    Raises Refused where there is nothing to plan from.
    """
    check_researcher(by, study)
    run = newest_run(study)
    if run is None:
        raise Refused("A plan learns from ratings, and none have been computed yet. Wait for the first results.")
    if not 2 <= pool <= MOST_PEOPLE:
        raise Refused(f"Give a number of raters from 2 to {MOST_PEOPLE}.")
    if item not in {each.key for each in study.rubric.items.all() if ItemKind(each.kind) in LEVELS}:
        raise Refused("Agreement is not computed on this item: choose another.")
    if stored_plan(plan_digest(run, item=item, pool=pool)) is not None:
        return False
    enqueue_soon(TASK, seconds=0, study_id=study.pk, item=item, pool=pool)
    return True


def make_plan(*, study_id: int, item: str, pool: int) -> StudyPlan | None:
    """Draw the plan from the study's ratings and keep it. The same ratings give the same plan.

    None without results, and while these do not hold all ratings: then it is drawn once they do.
    """
    study = Study.objects.select_related("rubric").get(pk=study_id)
    run = newest_run(study)
    if run is None:
        return None
    key = plan_digest(run, item=item, pool=pool)
    known = stored_plan(key)
    if known is not None:
        return known
    inputs = read_inputs(study)
    if inputs.seen != run.seen:
        enqueue_soon(TASK, seconds=RESULTS_SOON, study_id=study.pk, item=item, pool=pool)
        return None
    found = _draw(inputs, run, item, pool)
    keep_plan(key, found)
    return found


def _draw(inputs: Inputs, run: ResultRun, key: str, pool: int) -> StudyPlan:
    laid = LaidAnswers(inputs)
    item, answers = laid.counted(key)
    kind = ItemKind(item.kind)
    try:
        found = plan(
            answers,
            open_item() if kind == ItemKind.FLAGS else science_item(item),
            LEVELS[kind],
            wanted_width=0.2,  # It only marks sizes; the page does that for the width that is wished.
            raters=raters_up_to(pool),
            latents=LATENTS,
            seed=run.seed,
            calibration=laid.inputs.known.by_item.get(key, ()),
            domain=domain(item),
            pool=pool,
        )
    except ScienceError as error:
        return StudyPlan(reason=str(error))
    return StudyPlan(reason=found.reason) if isinstance(found, Undefined) else _plain(found)


def _plain(found: Plan) -> StudyPlan:
    return StudyPlan(
        alpha=found.pilot.value,
        low=found.pilot.low,
        high=found.pilot.high,
        latents=found.n_latents,
        raters=found.n_raters,
        simulations=found.simulations,
        sizes=tuple(_size(cell) for cell in found.cells),
    )


def _size(cell: PlanCell) -> Size:
    undefined = isinstance(cell.width, Undefined)
    likely = cell.likely if isinstance(cell.likely, Interval) else None
    return Size(
        raters=cell.raters,
        latents=cell.latents,
        width=None if isinstance(cell.width, Undefined) else cell.width,
        error=cell.monte_carlo_error,
        low=likely.low if likely else None,
        high=likely.high if likely else None,
        reason=cell.width.reason if undefined and isinstance(cell.width, Undefined) else "",
    )
