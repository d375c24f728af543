"""The one door to Celery: tasks are sent by name, after the transaction has committed.

A broker that does not answer never undoes or fails what was committed: the sweep finds what was left undone.
"""

import logging
from contextlib import suppress
from math import ceil
from typing import Any

from celery import current_app
from django.core.cache import cache
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
SOON_SECONDS = 2
LOST_SECONDS = 30
"""A task that was not taken up so long after its time may have been lost with its broker, and is sent again."""


def enqueue(name: str, *, queue: str = "web", countdown: float = 0, priority: int = 0, **ids: Any) -> None:
    """Send the task once the surrounding transaction is safe. Arguments are ids, never text. Priority 0 goes first."""

    def send() -> None:
        _send(name, queue, countdown, priority, ids)

    transaction.on_commit(send)


def enqueue_soon(name: str, *, seconds: float = SOON_SECONDS, priority: int = 0, **ids: Any) -> None:
    """Like `enqueue`, so many seconds from now; one task for all calls with these arguments until it is taken up.

    The task says by `taken_up` that it begins: what calls for it from then on needs another one.
    """

    def send_unless_waiting() -> None:
        if _first(_key(name, ids), seconds) and not _send(name, "web", seconds, priority, ids):
            taken_up(name, **ids)

    transaction.on_commit(send_unless_waiting)


def taken_up(name: str, **ids: Any) -> None:
    """The task that `enqueue_soon` sent begins."""
    with suppress(RedisError):
        cache.delete(_key(name, ids))


def _key(name: str, ids: dict[str, Any]) -> str:
    return f"soon:{name}:{sorted(ids.items())}".replace(" ", "")


def _first(key: str, seconds: float) -> bool:
    try:
        return cache.add(key, 1, timeout=ceil(seconds) + LOST_SECONDS)
    except RedisError:
        return True


def _send(name: str, queue: str, countdown: float, priority: int, ids: dict[str, Any]) -> bool:
    """Whether the broker took it."""
    try:
        current_app.send_task(
            name,
            kwargs=ids,
            queue=queue,
            countdown=countdown or None,
            priority=priority,
            retry_policy={"max_retries": 1},
        )
    except OperationalError:
        log.warning("The broker does not answer: %s waits for the next sweep.", name)
        return False
    return True
