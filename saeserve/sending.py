"""Messages that the GPU side sends: to itself, one a shard, and to the web side when something has ended."""

import logging
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from saeserve.contract import (
    GPU_QUEUE,
    MATCH_ENDED_TASK,
    MINE_PRIORITY,
    MINE_TASK,
    RUN_ENDED_TASK,
    SCORES_ENDED_TASK,
    TRY_PRIORITY,
    TRY_TASK,
    WEB_QUEUE,
    MiningRequest,
)

SHARD_TASK, FINISH_TASK = "saeserve.mine_shard", "saeserve.finish_run"
ASK_EVERY, UNREACHABLE = 0.2, 30.0
"""Seconds between two questions, and after one that the broker did not answer."""
TRIAL = f'"{TRY_TASK}"'.encode()
"""In the headers of a trial's message, which are plain JSON; its body is not."""
MOST_LOOKED_AT = 64
SHORT = {"max_retries": 2, "interval_start": 0.1, "interval_step": 0.3, "interval_max": 0.5}

logger = logging.getLogger(__name__)


def send_mine(requests: Iterable[MiningRequest], *, again: bool) -> bool:
    return _send(MINE_TASK, {"requests": [request.to_dict() for request in requests], "again": again})


def send_shards(shards: Iterable[tuple[int, list[str]]]) -> bool:
    """(number, digests of the runs that lack it) of each. False where the broker failed on the way."""
    return all(_send(SHARD_TASK, {"digests": digests, "shard": number}) for number, digests in shards)


def send_shard_again(number: int, digests: list[str]) -> bool:
    """To be gone on with as soon as whoever waits is served."""
    return _send(SHARD_TASK, {"digests": digests, "shard": number}, priority=TRY_PRIORITY)


def send_finish(digest: str) -> bool:
    return _send(FINISH_TASK, {"digest": digest})


def tell_run_ended(digest: str) -> bool:
    return _send(RUN_ENDED_TASK, {"digest": digest}, queue=WEB_QUEUE, priority=None)


def tell_match_ended(run: str, other: str) -> bool:
    return _send(MATCH_ENDED_TASK, {"run": run, "other": other}, queue=WEB_QUEUE, priority=None)


def tell_scores_ended(digest: str) -> bool:
    return _send(SCORES_ENDED_TASK, {"digest": digest}, queue=WEB_QUEUE, priority=None)


class Waiting:
    """Whether a trial lies in the queue; asked of the broker now and then only."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._asked = clock, -math.inf

    def __call__(self) -> bool:
        """False where that cannot be told."""
        now = self._clock()
        if now - self._asked < ASK_EVERY:
            return False
        self._asked = now
        try:
            with current_app.pool.acquire(block=True) as connection:
                # Of all priorities only the highest lies under the queue's bare name. Shards that another worker left
                # for a trial lie there too: making way for those, two workers would go on swapping them.
                client = connection.default_channel.client
                return any(TRIAL in message for message in client.lrange(GPU_QUEUE, 0, MOST_LOOKED_AT - 1))
        except (OperationalError, RedisError, OSError, AttributeError):
            self._asked = now + UNREACHABLE
            return False


def _send(name: str, keywords: dict[str, Any], *, queue: str = GPU_QUEUE, priority: int | None = MINE_PRIORITY) -> bool:
    """Nothing is lost where the broker does not answer: the run's folder says what is left to do."""
    try:
        current_app.send_task(name, kwargs=keywords, queue=queue, priority=priority, retry_policy=SHORT)
    except (OperationalError, RedisError):
        logger.warning("The broker does not answer: %s was not sent.", name)
        return False
    return True
