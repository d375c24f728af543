"""Pytest plugin: a real Postgres and a real Valkey for the whole run, before Django reads its settings.

Where DATABASE_URL and REDIS_URL are set (servers of one's own, or a worker of pytest-xdist) those are used.
"""

import os
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from config.embedded.temporary import HalfConfiguredError, temporary_environment

_running = ExitStack()

# Nothing may be fetched in a test, and Playwright's loop must not keep Django from its database.
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    try:
        added = _running.enter_context(temporary_environment(os.environ))
    except HalfConfiguredError as problem:
        raise pytest.UsageError(str(problem)) from problem
    os.environ.update(added)
    for name, value in OFFLINE.items():
        os.environ.setdefault(name, value)
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _running.close()
