"""Fixtures for every test: the small world, a client for each person, and a flush that the triggers allow."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client
from hypothesis import settings as hypothesis_settings

from annotation.models import User
from tests import world as worlds
from tests.world import World
from tests.world_again import filled_tables

# How long an example takes says how busy the machine is.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True, scope="session")
def _flush_despite_triggers() -> Iterator[None]:
    """Transactional tests empty the tables afterwards, which append-only tables refuse to every client.

    The owner of the tables may switch triggers off for that moment; the application never does. Only tables that hold a
    row are emptied, row by row: to truncate sixty takes several times as long.
    """
    original = DatabaseOperations.sql_flush

    def sql_flush(self: Any, style: Any, tables: Any, **options: Any) -> list[str]:
        filled = filled_tables(tables)
        return [
            *(f'ALTER TABLE "{table}" DISABLE TRIGGER USER;' for table in filled),
            *(f'DELETE FROM "{table}";' for table in filled),
            "SET CONSTRAINTS ALL IMMEDIATE;",
            *(f'ALTER TABLE "{table}" ENABLE TRIGGER USER;' for table in filled),
        ]

    DatabaseOperations.sql_flush = sql_flush  # type: ignore[method-assign]
    yield
    DatabaseOperations.sql_flush = original  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def reference_folder() -> Path:
    """The reference model, fetched and converted where an earlier run did not leave it."""
    from saeserve.reference import prepare_reference

    return prepare_reference(REPOSITORY / "var" / "models", package_folder=REPOSITORY / "var" / "weights")


@pytest.fixture
def world(db: None) -> World:
    """Ada and Ben may rate six latents, two raters each."""
    return worlds.build()


@pytest.fixture
def before_round(db: None) -> World:
    """The same world, its round not yet open."""
    return worlds.build(open_the_round=False)


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """A client of the site, signed in as the person."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
