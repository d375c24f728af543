"""Servers of a test's own, beside those that the whole run uses."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.embedded.postgres import Postgres
from config.embedded.valkey import Valkey

NewPostgres = Callable[..., Postgres]
NewValkey = Callable[..., Valkey]


@pytest.fixture
def new_postgres(tmp_path: Path) -> Iterator[NewPostgres]:
    """Makes a Postgres below `tmp_path` that is stopped after the test; the same name means the same files."""
    with ExitStack() as stack:

        def make(name: str = "one", *, durable: bool = False) -> Postgres:
            home = tmp_path / name
            server = Postgres(home / "postgres", home / "secrets", home / "postgres.log", durable=durable)
            stack.callback(server.stop)
            return server

        yield make


@pytest.fixture
def new_valkey(tmp_path: Path) -> Iterator[NewValkey]:
    with ExitStack() as stack:

        def make(name: str = "one", *, durable: bool = False) -> Valkey:
            home = tmp_path / name
            server = Valkey(home / "valkey", home / "secrets", home / "valkey.log", durable=durable)
            stack.callback(server.stop)
            return server

        yield make
