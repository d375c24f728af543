"""One worker at a time on one thing. The lock ends with its connection, so that no crash leaves one."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

KEY = "SELECT {}(hashtextextended(%s, %s))"


@contextmanager
def alone(what: str, pk: int) -> Iterator[bool]:
    """Whether no other worker has this one in hand. what: a name of the kind of work."""
    with connection.cursor() as cursor:
        cursor.execute(KEY.format("pg_try_advisory_lock"), [what, pk])
        (free,) = cursor.fetchone()
    try:
        yield bool(free)
    finally:
        if free:
            with connection.cursor() as cursor:
                cursor.execute(KEY.format("pg_advisory_unlock"), [what, pk])
