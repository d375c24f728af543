"""The one door to Celery: tasks are sent by name, after the transaction has committed.

A broker that does not answer never undoes or fails what was committed: the sweep finds what was left undone.
"""

import logging
from typing import Any

from celery import current_app
from django.core.cache import cache
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
SOON_SECONDS = 2


def enqueue(name: str, *, queue: str = "web", countdown: float = 0, priority: int = 0, **ids: Any) -> None:
    """Send the task once the surrounding transaction is safe. Arguments are ids, never text. Priority 0 goes first."""
    transaction.on_commit(lambda: _send(name, queue, countdown, priority, ids))


def enqueue_soon(name: str, **ids: Any) -> None:
    """Like `enqueue`, but many calls with the same arguments within two seconds become one task."""
    key = f"soon:{name}:{sorted(ids.items())}".replace(" ", "")

    def send_unless_waiting() -> None:
        if _first(key):
            _send(name, "web", SOON_SECONDS, 0, ids)

    transaction.on_commit(send_unless_waiting)


def _first(key: str) -> bool:
    try:
        return cache.add(key, 1, timeout=SOON_SECONDS)
    except RedisError:
        return True


def _send(name: str, queue: str, countdown: float, priority: int, ids: dict[str, Any]) -> None:
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
