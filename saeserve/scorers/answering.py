"""Answer a question about rationales: which scorer, what it says, or a sentence why it says nothing.

Nothing of label, rationale or snippets goes into a log, a sentence or an exception that leaves this file.
"""

import logging
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from saeserve.contract import DETECTION, FUZZING, INTRUDER, SCORER_TASKS, SCORERS, Failure, ScoreAnswer, ScoreRequest
from saeserve.mining.attempts import attempt
from saeserve.mining.lock import sole_worker
from saeserve.refusal import Refusal
from saeserve.scorers.base import BadQuestion, Numbers, Question, Scorer, Shown, odd_one, said
from saeserve.scorers.score_folder import ScoreFolder

LOCK_FILE, ATTEMPTS_FILE = "lock", "attempts"
MOST_DEATHS = 3
SMALLER = "ask about fewer rationales at once"

logger = logging.getLogger(__name__)


def answer_question(digest: str, *, root: Path, key: str, scorer_for: Callable[[ScoreRequest], Scorer]) -> bool:
    """Leave the answer in the question's folder. Safe to run twice; returns whether one lies there now.

    scorer_for: makes or finds the scorer that is asked; raises a Refusal. Raises InOtherHands, BadQuestion.
    """
    folder = ScoreFolder.of(root, digest, key=key)
    with _alone(folder):
        if not folder.answered:
            folder.answer(_answer(folder, scorer_for))
        if folder.answered:
            folder.forget_question()
    return folder.answered


def _alone(folder: ScoreFolder) -> AbstractContextManager[object]:
    """The question's lock; none where its folder has been taken away, which a lock would bring back."""
    return sole_worker(folder.path / LOCK_FILE) if folder.path.is_dir() else nullcontext()


def _answer(folder: ScoreFolder, scorer_for: Callable[[ScoreRequest], Scorer]) -> ScoreAnswer | Failure:
    started = time.monotonic()
    try:
        asked = folder.question()
        check_question(asked)
        with attempt(folder.path / ATTEMPTS_FILE, work="these rationales", most=MOST_DEATHS, advice=SMALLER):
            return judged(asked, scorer_for(asked), started=started)
    except Refusal as refusal:
        return Failure(sentence=str(refusal), retry_helps=refusal.retry_helps)
    except Exception as error:  # its message might quote the text: only its kind and place are told
        place = "".join(traceback.format_tb(error.__traceback__))
        logger.error("Scoring stopped at a %s:\n%s", type(error).__name__, place)
        return Failure(
            sentence=f"Scoring stopped at an error of the program ({type(error).__name__}); the worker's log says "
            "where.",
            retry_helps=True,
        )


def check_question(asked: ScoreRequest) -> None:
    """Raises BadQuestion for a scorer, a version or a task that this program does not have."""
    known = SCORERS.get(asked.scorer)
    if known is None:
        raise BadQuestion(f"There is no scorer {asked.scorer!r}; there are {', '.join(SCORERS)}.")
    if known != asked.scorer_version:
        raise BadQuestion(
            f"{asked.scorer_version} is asked and this worker has {known}; update the older of the two sides."
        )
    tasks = {DETECTION: asked.detection, FUZZING: asked.fuzzing, INTRUDER: asked.intruder}
    for task, trials in tasks.items():
        if trials and task not in SCORER_TASKS[asked.scorer]:
            raise BadQuestion(f"The scorer {asked.scorer!r} does not do {task}.")
        if any(len(trial["snippets"]) < 2 for trial in trials):
            raise BadQuestion("A trial needs two snippets at least.")


def judged(asked: ScoreRequest, scorer: Scorer, *, started: float) -> ScoreAnswer:
    """started: of time.monotonic."""
    detection = scorer.detection(_questions(asked.detection)) if asked.detection else []
    fuzzing = scorer.fuzzing(_questions(asked.fuzzing)) if asked.fuzzing else []
    sets = [[one["text"] for one in trial["snippets"]] for trial in asked.intruder]
    odd = scorer.intruder(sets) if sets else []
    _check_numbers([*detection, *fuzzing, *odd], scorer.model)
    return ScoreAnswer(
        scorer=asked.scorer,
        scorer_version=asked.scorer_version,
        model=scorer.model,
        detection=_judgements(asked.detection, detection),
        fuzzing=_judgements(asked.fuzzing, fuzzing),
        intruder=[
            {"trial": trial["trial"], "said": trial["snippets"][odd_one(numbers)]["id"]}
            for trial, numbers in zip(asked.intruder, odd, strict=True)
        ],
        seconds=time.monotonic() - started,
    )


def _check_numbers(found: Sequence[Numbers], model: str) -> None:
    """Raises BadQuestion: nan is above no median, which would pass for a no."""
    if not all(np.isfinite(numbers).all() for numbers in found):
        raise BadQuestion(f"{model} gives something other than a number for a snippet; choose another model or dtype.")


def _questions(trials: Sequence[dict[str, Any]]) -> list[Question]:
    return [
        Question(
            label=trial["label"],
            rationale=trial["rationale"],
            snippets=tuple(
                Shown(one["text"], tuple((start, end) for start, end in one.get("marks", ())))
                for one in trial["snippets"]
            ),
        )
        for trial in trials
    ]


def _judgements(trials: Sequence[dict[str, Any]], numbers: Sequence[Numbers]) -> list[dict[str, Any]]:
    return [
        {
            "trial": trial["trial"],
            "judgements": [
                {"snippet": one["id"], "said": yes, "number": float(f"{number:.6g}")}
                for one, yes, number in zip(trial["snippets"], said(found), found.tolist(), strict=True)
            ],
        }
        for trial, found in zip(trials, numbers, strict=True)
    ]
