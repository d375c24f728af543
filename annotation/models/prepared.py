"""Queries of the pages that are asked most: their SQL is written once a process, and only its values change.

Django writes a query's SQL anew each time, which takes it several times as long as Postgres takes to answer.
"""

import inspect
from collections.abc import Callable
from copy import copy
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.db import connections
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler

P = ParamSpec("P")
Row = TypeVar("Row")

FIRST_NUMBER = 1_987_654_000
"""Stand-ins for the values while the SQL is written: numbers and words that no query names by itself."""


class NotPreparable(TypeError):
    """The query's SQL depends on its values, so that it cannot be written once."""


def prepared(build: Callable[P, "QuerySet[Any, Row]"]) -> Callable[P, list[Row]]:
    """A function of numbers, words and UUIDs that returns a queryset becomes one that returns its rows.

    Every parameter must reach the database as it is, in a lookup such as `study=study`; None has other SQL and is not
    allowed. Raises NotPreparable at the first call where that does not hold. Rows are what the queryset gives: models
    with what it selects beside them, dicts, tuples or values.
    """
    statement = _Statement(build)

    @wraps(build)
    def rows(*args: P.args, **kwargs: P.kwargs) -> list[Row]:
        return statement.rows(*args, **kwargs)

    return rows


class _Statement:
    def __init__(self, build: Callable[..., "QuerySet[Any, Any]"]) -> None:
        self.build, self.lock = build, Lock()
        self.signature = inspect.signature(build)
        self.compiler: SQLCompiler | None = None

    def rows(self, *args: Any, **kwargs: Any) -> list[Any]:
        values = self.signature.bind(*args, **kwargs).args
        if any(value is None for value in values):
            raise NotPreparable(f"{self.build.__qualname__} was given None, which has other SQL than a value.")
        if self.compiler is None:  # asked twice: another thread may have written it meanwhile
            with self.lock:
                if self.compiler is None:
                    self._write()
        return list(self._with(values))

    def _write(self) -> None:
        """Write the SQL with stand-ins, and note which value goes where."""
        stand_ins = [_stand_in(number, kind.annotation) for number, kind in enumerate(self._parameters())]
        self.queryset = self.build(*stand_ins)
        compiler = self.queryset.query.get_compiler(using=self.queryset.db)
        self.sql, found = compiler.as_sql()
        places = {stand_in: number for number, stand_in in enumerate(stand_ins)}
        self.slots: list[tuple[int | None, Any]] = [(places.get(_plain(value)), value) for value in found]
        if missing := set(places.values()) - {place for place, _ in self.slots}:
            names = list(self.signature.parameters)
            raise NotPreparable(
                f"{self.build.__qualname__}: {names[min(missing)]} does not reach the database as it is."
            )
        self.compiler = compiler

    def _parameters(self) -> list[inspect.Parameter]:
        return list(self.signature.parameters.values())

    def _with(self, values: tuple[Any, ...]) -> "QuerySet[Any, Any]":
        parameters = tuple(fixed if place is None else values[place] for place, fixed in self.slots)
        queryset = self.queryset.all()
        compiler = copy(self.compiler)
        assert compiler is not None
        compiler.query, compiler.connection = queryset.query, connections[queryset.db]  # connections are a thread's own
        compiler.as_sql = lambda *args, **kwargs: (self.sql, parameters)  # type: ignore[method-assign]
        queryset.query.get_compiler = lambda *args, **kwargs: compiler  # type: ignore[method-assign]
        return queryset


def _stand_in(number: int, kind: Any) -> int | str | UUID:
    if kind is int:
        return FIRST_NUMBER + number
    if kind is UUID:
        return UUID(int=FIRST_NUMBER + number)
    if kind is str:
        return f"stand-in {FIRST_NUMBER + number}"
    raise NotPreparable(f"A prepared query takes int, str and UUID, not {kind}: annotate its parameters so.")


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, str, UUID)) and not isinstance(value, bool) else None
