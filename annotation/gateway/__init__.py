"""The only door to the GPU side: writes what it reads, reads what it writes, and speaks only saeserve.contract.

Files are the shared language: a corpus goes out as JSON Lines, a run comes back as Parquet and JSON, a text that is
tried goes out and its answer comes back encrypted.
"""

from annotation.gateway.corpora import documents_are_there, forget_documents, write_documents
from annotation.gateway.runs import (
    ask_to_stop,
    forget_failure,
    forget_stop,
    latents,
    matches,
    matches_are_there,
    outcome,
    progress,
    snippets,
    up_to_date,
)
from annotation.gateway.saes import UnreadableSae, sae_facts
from annotation.gateway.scores import (
    forget_scores,
    read_score_answer,
    score_answer_is_there,
    score_question_is_there,
    write_score_request,
)
from annotation.gateway.trials import forget_trial, old_trials, read_answer, read_text, write_text
from annotation.gateway.written_runs import forget_run, run_is_there, write_run
from saeserve import contract
from saeserve.contract import (
    Failure,
    ImportRequest,
    Manifest,
    MiningRequest,
    Progress,
    ScoreAnswer,
    ScoreRequest,
    Trial,
    TrialAnswer,
    canonical_json,
)

GPU_QUEUE = contract.GPU_QUEUE
MINE_TASK = contract.MINE_TASK
RUN_ENDED_TASK = contract.RUN_ENDED_TASK
MATCH_TASK = contract.MATCH_TASK
MATCH_ENDED_TASK = contract.MATCH_ENDED_TASK
TRY_TASK = contract.TRY_TASK
SCORE_TASK = contract.SCORE_TASK
SCORES_ENDED_TASK = contract.SCORES_ENDED_TASK
SCORE_PRIORITY = contract.SCORE_PRIORITY
SCORERS = contract.SCORERS
SCORER_TASKS = contract.SCORER_TASKS
TRY_PRIORITY = contract.TRY_PRIORITY
MINE_PRIORITY = contract.MINE_PRIORITY
TRIAL_SECONDS = contract.TRIAL_SECONDS
DENSE_FROM = contract.DENSE_FROM
SINGLE_TOKEN_FROM = contract.SINGLE_TOKEN_FROM

__all__ = [
    "DENSE_FROM",
    "GPU_QUEUE",
    "MATCH_ENDED_TASK",
    "MATCH_TASK",
    "MINE_PRIORITY",
    "MINE_TASK",
    "RUN_ENDED_TASK",
    "SCORERS",
    "SCORER_TASKS",
    "SCORES_ENDED_TASK",
    "SCORE_PRIORITY",
    "SCORE_TASK",
    "SINGLE_TOKEN_FROM",
    "TRIAL_SECONDS",
    "TRY_PRIORITY",
    "TRY_TASK",
    "Failure",
    "ImportRequest",
    "Manifest",
    "MiningRequest",
    "Progress",
    "ScoreAnswer",
    "ScoreRequest",
    "Trial",
    "TrialAnswer",
    "UnreadableSae",
    "ask_to_stop",
    "canonical_json",
    "documents_are_there",
    "forget_documents",
    "forget_failure",
    "forget_run",
    "forget_scores",
    "forget_stop",
    "forget_trial",
    "latents",
    "matches",
    "matches_are_there",
    "old_trials",
    "outcome",
    "progress",
    "read_answer",
    "read_score_answer",
    "read_text",
    "run_is_there",
    "sae_facts",
    "score_answer_is_there",
    "score_question_is_there",
    "snippets",
    "up_to_date",
    "write_documents",
    "write_run",
    "write_score_request",
    "write_text",
]
