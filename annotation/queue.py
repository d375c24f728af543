"""The one door to Celery: tasks are sent by name, after the transaction has committed."""

from typing import Any

from celery import current_app
from django.core.cache import cache
from django.db import transaction

SOON_SECONDS = 2


def enqueue(name: str, *, queue: str = "web", countdown: float = 0, **ids: Any) -> None:
    """Send the task once the surrounding transaction is safe. Arguments are ids, never text."""
    transaction.on_commit(lambda: _send(name, queue, countdown, ids))


def enqueue_soon(name: str, **ids: Any) -> None:
    """Like `enqueue`, but many calls with the same arguments within two seconds become one task."""
    key = f"soon:{name}:{sorted(ids.items())}".replace(" ", "")

    def send_unless_waiting() -> None:
        if cache.add(key, 1, timeout=SOON_SECONDS):
            _send(name, "web", SOON_SECONDS, ids)

    transaction.on_commit(send_unless_waiting)


def _send(name: str, queue: str, countdown: float, ids: dict[str, Any]) -> None:
    current_app.send_task(name, kwargs=ids, queue=queue, countdown=countdown or None)
