"""Asks the worker to compute a study's results and to follow them up, a moment from now."""

from annotation.queue import enqueue_soon

COMPUTE, FOLLOW_UP = "annotation.compute_results", "annotation.follow_up"
SENSITIVITY = "annotation.compute_sensitivity"
LATER = 6
"""Priority of what goes on with work already begun: what a person has just asked for overtakes it."""
LAST = 9
"""... and of what nobody waits for."""


def recompute_soon(*, study_id: int) -> None:
    """Many calls become one computation: that of the first call, unless it has begun."""
    enqueue_soon(COMPUTE, study_id=study_id)


def go_on_computing(*, study_id: int, seconds: float) -> None:
    """The next slice of the study's results, behind whatever else waits."""
    enqueue_soon(COMPUTE, seconds=seconds, priority=LATER, study_id=study_id)


def follow_up_soon(*, study_id: int, priority: int = 0) -> None:
    """Judge the study's latents by its newest results."""
    enqueue_soon(FOLLOW_UP, seconds=0, priority=priority, study_id=study_id)


def sensitivity_soon(*, study_id: int) -> None:
    """What the study's results become with anyone left out, behind all else."""
    enqueue_soon(SENSITIVITY, seconds=0, priority=LAST, study_id=study_id)
