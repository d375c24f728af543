"""Celery's shims: ids in, one action call, safe to run twice."""

from annotation.tasks.background import (
    compute_results,
    note_match_ended,
    note_run_ended,
    prepare_demo,
    sweep,
    write_release,
)

__all__ = ["compute_results", "note_match_ended", "note_run_ended", "prepare_demo", "sweep", "write_release"]
