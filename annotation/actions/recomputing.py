"""Asks the worker to compute a study's results and to follow them up, a moment from now."""

from annotation.queue import enqueue_soon

TASK = "annotation.compute_results"


def recompute_soon(*, study_id: int) -> None:
    """Many calls within two seconds become one computation."""
    enqueue_soon(TASK, study_id=study_id)
