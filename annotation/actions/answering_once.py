"""A request that carries an Idempotency-Key is carried out once: its answer is stored with what it did."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from annotation.models import StoredAnswer, User
from annotation.rules.refusal import Refused

KEPT = timedelta(hours=24)


class KeyReused(Refused):
    """The key came with another request before."""


def recall(*, key: str, fingerprint: str, by: User, now: datetime) -> StoredAnswer | None:
    """What the key's request was answered; None if it is new, and then nobody else takes it up meanwhile.

    Call it inside the transaction in which the request is carried out. Raises KeyReused where the fingerprint differs.
    """
    with connection.cursor() as cursor:
        name = f"consilium key {by.pk} {key}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
    stored = StoredAnswer.objects.filter(user=by, key=key, stored_at__gt=now - KEPT).first()
    if stored is not None and stored.fingerprint != fingerprint:
        raise KeyReused(
            "This Idempotency-Key came with another request in the last 24 hours. Give each request a key of its own."
        )
    return stored


def remember(
    *,
    key: str,
    fingerprint: str,
    status: int,
    headers: Mapping[str, str],
    body: Any,
    by: User,
    now: datetime,
) -> StoredAnswer:
    """Store the answer, in the transaction of what it tells of. body: plain values, and no text of a note."""
    answer = {"fingerprint": fingerprint, "status": status, "headers": dict(headers), "body": body, "stored_at": now}
    stored, _ = StoredAnswer.objects.update_or_create(user=by, key=key, defaults=answer)
    return stored


def forget_old_answers(*, now: datetime) -> int:
    """Delete the answers whose day is over; returns how many."""
    deleted, _ = StoredAnswer.objects.filter(stored_at__lte=now - KEPT).delete()
    return deleted
