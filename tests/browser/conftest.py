"""Real Chromium for every test in this folder, and no page may complain."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import connection
from django.db.backends.utils import CursorWrapper
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django import DjangoDbBlocker

from tests.browser import chromium

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    executable = chromium.find()
    if executable is None:
        pytest.fail(chromium.NONE_WORKS)
    return {**browser_type_launch_args, "executable_path": str(executable), "args": chromium.flags()}


@pytest.fixture(autouse=True)
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    """What pages wrote to the console as errors, exceptions in scripts included (a blocked inline style is one).

    A test that provokes an error on purpose empties the list.
    """
    heard: list[str] = []

    def listen(page: Page) -> None:
        page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: heard.append(str(error)))

    context.on("page", listen)
    yield heard
    assert heard == []


@pytest.fixture(scope="session", autouse=True)
def last_of_the_site(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Browser and site have gone: the site's threads close their connections before the database is dropped."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        before = _others(cursor)
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        end = time.monotonic() + 10
        while _others(cursor) - before and time.monotonic() < end:
            time.sleep(0.05)
    connection.close()  # Playwright runs fixtures in contexts of its own, and a context has its own connection.


@pytest.fixture(autouse=True)
def answered(request: pytest.FixtureRequest, browser: Browser) -> Iterator[None]:
    """At the end every page is left, and the site has answered what it was asked, before the tables are emptied.

    Pages ask for things by themselves: drafts, the next sheets.
    """
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("transactional_db")
    under_way: list[int] = []

    def begun(**_: Any) -> None:
        under_way.append(1)

    def ended(**_: Any) -> None:
        if under_way:
            under_way.pop()

    request_started.connect(begun)
    request_finished.connect(ended)
    yield
    for page in [page for context in browser.contexts for page in context.pages]:
        page.goto("about:blank")
    _wait_until_quiet(under_way)
    request_started.disconnect(begun)
    request_finished.disconnect(ended)


def _wait_until_quiet(under_way: list[int], *, seconds: float = 10, quiet: float = 0.1) -> None:
    end = time.monotonic() + seconds
    since = time.monotonic()
    while time.monotonic() < end and time.monotonic() - since < quiet:
        if under_way:
            since = time.monotonic()
        time.sleep(0.01)


def _others(cursor: CursorWrapper) -> set[int]:
    """Connections to the test's database besides this one."""
    cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    return {pid for (pid,) in cursor.fetchall()}
