"""Rows by the ten thousand into Postgres, and from one run to the next, without holding them twice in memory."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.models import JSONField, Model

from annotation.models import ResultRun


def store(run: ResultRun, rows: Iterable[Model]) -> int:
    """The rows, all of one table and without a key, by COPY. Returns how many."""
    count = 0
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return 0
    fields = [field for field in first._meta.concrete_fields if not field.primary_key]
    names = [field.attname for field in fields]
    as_json = [isinstance(field, JSONField) for field in fields]
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {_table(type(first))} ({_columns(names)}) FROM STDIN") as copy,
    ):
        for row in _first_and(first, rows):
            row.run_id = run.pk  # type: ignore[attr-defined]
            copy.write_row([_plain(getattr(row, name), json_) for name, json_ in zip(names, as_json, strict=True)])
            count += 1
    return count


def _first_and(first: Model, rows: Iterable[Model]) -> Iterable[Model]:
    yield first
    yield from rows


def _plain(value: Any, as_json: bool) -> Any:
    return json.dumps(value, separators=(",", ":"), allow_nan=False) if as_json and value is not None else value


def keep(table: type[Model], *, of: ResultRun, into: ResultRun, where: Mapping[str, Any], **new: Any) -> int:
    """Copies rows of an earlier run (or of this one) inside the database, with these columns new. Returns how many."""
    names = [field.attname for field in table._meta.concrete_fields if not field.primary_key]
    new = {"run_id": into.pk, **new}
    chosen = ", ".join(f"%({name})s" if name in new else f'"{name}"' for name in names)
    wanted = " AND ".join(f'"{name}" = %(_{name})s' for name in ("run_id", *where))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_table(table)} ({_columns(names)}) SELECT {chosen} FROM {_table(table)} WHERE {wanted}"
            " ORDER BY id",
            {**new, "_run_id": of.pk, **{f"_{name}": value for name, value in where.items()}},
        )
        return int(cursor.rowcount)


def drop(table: type[Model], runs: Iterable[int]) -> None:
    """Rows of these runs, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_table(table)} WHERE run_id = ANY(%s)", [list(runs)])


def _table(table: type[Model]) -> str:
    return f'"{table._meta.db_table}"'


def _columns(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
