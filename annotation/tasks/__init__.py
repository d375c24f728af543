"""Celery's shims: ids in, one action call, safe to run twice."""

from annotation.tasks.background import (
    ask_for_scores,
    compute_results,
    deliver_webhook,
    look_after_cases,
    note_match_ended,
    note_run_ended,
    note_scores_ended,
    prepare_demo,
    sweep,
    write_release,
)

__all__ = [
    "ask_for_scores",
    "compute_results",
    "deliver_webhook",
    "look_after_cases",
    "note_match_ended",
    "note_run_ended",
    "note_scores_ended",
    "prepare_demo",
    "sweep",
    "write_release",
]
