"""Celery's view of the GPU side: a message in, one step, messages out. Each task may come twice, and in any order."""

import logging
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery import current_app, shared_task

from saeserve import sending
from saeserve.contract import (
    GPU_QUEUE,
    MATCH_TASK,
    MINE_TASK,
    SCORE_TASK,
    TRY_TASK,
    MiningRequest,
    Trial,
    UnknownVersion,
)
from saeserve.mining.folders import RunFolder
from saeserve.mining.lock import InOtherHands
from saeserve.refusal import Refusal
from saeserve.settings import Settings

if TYPE_CHECKING:  # torch is imported only in the process that runs a task: the parent forks before that
    from saeserve.mining.mine_shard import ShardWork
    from saeserve.mining.open_run import Worker
    from saeserve.scorers.available import Available

logger = logging.getLogger(__name__)

_half_done: "dict[tuple[int, str], ShardWork]" = {}
"""The one shard that this process left for something more urgent. It holds its model, and is dropped, to be mined anew,
when another model has to be loaded: two need not fit into memory."""


@shared_task(name=MINE_TASK, queue=GPU_QUEUE)
def mine_runs(*, requests: list[dict[str, Any]], again: bool = False) -> None:
    """Plan and check what has not been; hand out the shards that are missing. `again`: even if they were just sent."""
    try:
        wanted = [MiningRequest.from_dict(request) for request in requests]
    except (UnknownVersion, TypeError) as error:
        logger.error("A mining request cannot be read: %s", error)
        return
    from saeserve.mining.hand_out import hand_out

    handed = hand_out(wanted, _worker(), again=again)
    if handed.shards:
        sending.send_shards(handed.shards)
    for digest in handed.complete:
        _finish_soon(digest)
    for digest in handed.ended:
        sending.tell_run_ended(digest)


@shared_task(name=sending.SHARD_TASK, queue=GPU_QUEUE)
def mine_shard(*, digests: list[str], shard: int) -> None:
    """One shard for those runs that lack it. Between two batches it makes way for a trial, and goes on after that."""
    from saeserve.mining.mine_shard import ShardWork

    key = (shard, " ".join(digests))
    work = _half_done.pop(key, None) or ShardWork(digests, shard, _worker())
    _half_done.clear()
    if not work.go_on(sending.Waiting()):
        if sending.send_shard_again(shard, digests):
            _half_done[key] = work
            return
        work.go_on()
    for digest in work.failed:
        sending.tell_run_ended(digest)
    for digest in work.complete():
        _finish_soon(digest)


@shared_task(name=sending.FINISH_TASK, queue=GPU_QUEUE)
def finish_run(*, digest: str) -> None:
    """After the last shard, whoever of several workers comes first."""
    from saeserve.mining.finish import finish

    worker = _worker()
    finish(digest, worker)
    folder = RunFolder.of(worker.root, digest)
    if folder.finished or folder.failed:
        sending.tell_run_ended(digest)


@shared_task(name=TRY_TASK, queue=GPU_QUEUE)
def try_text(*, trial: dict[str, Any]) -> None:
    """Answer a trial. The text, and the answer, lie encrypted in the trial's folder."""
    try:
        asked = Trial.from_dict(trial)
    except (UnknownVersion, TypeError) as error:
        logger.error("A trial cannot be read: %s", error)
        return
    from saeserve.trial import answer_trial

    answer_trial(asked, root=_root(), key=_settings().artifact_key, loaded=_worker().loaded)


@shared_task(name=MATCH_TASK, queue=GPU_QUEUE)
def match(*, run: str, other: str) -> None:
    """Match the latents of two finished runs, both ways."""
    from saeserve.match import match_by_one

    try:
        match_by_one(_root(), run, other)
    except InOtherHands:
        return
    except Refusal as refusal:
        logger.warning("Runs %s and %s cannot be matched: %s", run, other, refusal)
        return
    sending.tell_match_ended(run, other)


@shared_task(name=SCORE_TASK, queue=GPU_QUEUE)
def score(*, digest: str) -> None:
    """Answer a question about rationales. It lies encrypted in its folder; the answer holds no text."""
    from saeserve.scorers.answering import answer_question

    try:
        answered = answer_question(
            digest, root=_root(), key=_settings().artifact_key, scorer_for=_scorers(_settings()).scorer_for
        )
    except InOtherHands:
        return
    except Refusal as refusal:
        logger.error("A question to a scorer cannot be answered: %s", refusal)
        return
    if answered:
        sending.tell_scores_ended(digest)


def take_up_unfinished(root: Path) -> None:
    """Hand out again what a killed worker or a lost broker left behind. Taking a run up twice does no harm."""
    from saeserve.mining.unfinished import unfinished_groups

    for requests in unfinished_groups(root):
        logger.info("Taking up %s.", ", ".join(request.digest for request in requests))
        sending.send_mine(requests, again=True)


def _finish_soon(digest: str) -> None:
    """By a message, so that trials come first; at once where there is no broker to take it."""
    if not sending.send_finish(digest):
        finish_run(digest=digest)


def _worker() -> "Worker":
    return _worker_for(_settings())


@lru_cache(maxsize=1)
def _worker_for(settings: Settings) -> "Worker":
    import torch

    from saeserve.loaded import Loaded
    from saeserve.mining.open_run import Worker

    torch.set_num_threads(settings.threads)
    device = ("cuda" if torch.cuda.is_available() else "cpu") if settings.device == "auto" else settings.device
    return Worker(settings.artifact_root, Loaded(settings.artifact_root, device=device, on_forget=_half_done.clear))


@lru_cache(maxsize=1)
def _scorers(settings: Settings) -> "Available":
    from saeserve.scorers.available import Available

    loaded = _worker_for(settings).loaded
    return Available(settings.sentence_model, settings.judge, device=loaded.device, place=loaded.place)


def _root() -> Path:
    return _settings().artifact_root


def _settings() -> Settings:
    settings: Settings = current_app.conf.saeserve_settings
    return settings
