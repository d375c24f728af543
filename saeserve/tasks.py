"""Celery's view of mining: a message in, one run, a message out."""

import logging
from typing import Any

from celery import current_app, shared_task
from celery.signals import worker_ready

from saeserve.contract import GPU_QUEUE, MINE_TASK, RUN_ENDED_TASK, WEB_QUEUE, MiningRequest, UnknownVersion
from saeserve.mining.lock import AlreadyMining
from saeserve.mining.unfinished import unfinished_requests
from saeserve.refusal import Refusal
from saeserve.settings import Settings

logger = logging.getLogger(__name__)


@shared_task(name=MINE_TASK, queue=GPU_QUEUE)
def mine_run(*, request: dict[str, Any]) -> None:
    """Mine what the request says, then tell the web side. Safe to run twice: a finished run is left as it is."""
    try:
        wanted = MiningRequest.from_dict(request)
    except (UnknownVersion, TypeError) as error:
        logger.error("A mining request cannot be read: %s", error)
        return
    try:
        _mine(wanted, _settings())
    except AlreadyMining as busy:
        logger.info("%s", busy)
        return
    except Refusal as refusal:
        logger.warning("Run %s was refused: %s", wanted.digest, refusal)
    except Exception:
        _tell_web(wanted.digest)
        raise
    _tell_web(wanted.digest)


@worker_ready.connect
def take_up_unfinished(**_sender: Any) -> None:
    """Hand out again what a killed worker or a lost broker left behind. Taking a run up twice does no harm."""
    for request in unfinished_requests(_settings().artifact_root):
        logger.info("Taking up the unfinished run %s.", request.digest)
        current_app.send_task(MINE_TASK, kwargs={"request": request.to_dict()}, queue=GPU_QUEUE)


def _mine(request: MiningRequest, settings: Settings) -> None:
    # Imported here, so that the parent process forks before torch starts threads.
    import torch

    from saeserve.mining.run import mine

    torch.set_num_threads(settings.threads)
    device = ("cuda" if torch.cuda.is_available() else "cpu") if settings.device == "auto" else settings.device
    mine(request, root=settings.artifact_root, device=device)


def _tell_web(digest: str) -> None:
    current_app.send_task(RUN_ENDED_TASK, kwargs={"digest": digest}, queue=WEB_QUEUE)


def _settings() -> Settings:
    settings: Settings = current_app.conf.saeserve_settings
    return settings
