"""Pytest plugin: a real Postgres and a real Valkey for the whole run, before Django reads its settings.

Where DATABASE_URL and REDIS_URL are set (servers of one's own) those are used. Processes of pytest-xdist share the
servers: each has a database of its own, in Postgres (pytest-django sees to that) and in Valkey, and its own folder.
"""

import os
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

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
    process = os.environ.get("PYTEST_XDIST_WORKER", "")
    os.environ["REDIS_URL"] = _own_broker(os.environ["REDIS_URL"], process)
    os.environ["ARTIFACT_ROOT"] = str(_own_folder(Path(os.environ["ARTIFACT_ROOT"]), process))
    os.environ["IMPORT_ROOT"] = os.environ["ARTIFACT_ROOT"] + "/import"
    for name, value in OFFLINE.items():
        os.environ.setdefault(name, value)
    return (yield)


def _own_broker(url: str, process: str) -> str:
    """The same server, and of its numbered databases the one for this process: gw0 takes 1, gw1 takes 2."""
    if not process:
        return url
    return urlsplit(url)._replace(path=f"/{int(process.removeprefix('gw')) + 1}").geturl()


def _own_folder(root: Path, process: str) -> Path:
    """Two processes would write the files of one small world at once."""
    own = root / process
    own.mkdir(exist_ok=True)
    return own


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _running.close()
