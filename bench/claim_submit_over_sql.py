"""What the site adds to the two statements under a rating: an HTTP claim and submit over the bare SQL."""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from bench.harness import at_most
from config.embedded.ports import free_port

NAME = "claim_submit_over_sql"
HOW = (
    "One rater without think time: GET of the next latent and POST of its rating through gunicorn, median of the "
    "pairs, over the median of one UPDATE … SKIP LOCKED … RETURNING and one INSERT, interleaved in the same run."
)
TARGET = at_most(40)
PAIRS = 60
TICKET = re.compile(r'name="ticket"\s+value="([^"]+)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken"\s+value="([^"]+)"')

BARE_CLAIM = """
UPDATE bare_slot SET state = 'leased', rater = 1, token = gen_random_uuid(), expires = now() + interval '30 minutes'
WHERE id = (SELECT id FROM bare_slot WHERE state = 'open' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING id, token
"""
BARE_SUBMIT = "INSERT INTO bare_rating (slot, rater, token, answers, rationale) VALUES (%s, 1, %s, %s, %s)"
BARE_TABLES = """
CREATE TABLE bare_slot (id bigserial PRIMARY KEY, state text, rater bigint, token uuid, expires timestamptz);
CREATE INDEX ON bare_slot (id) WHERE state = 'open';
CREATE TABLE bare_rating (id bigserial PRIMARY KEY, slot bigint, rater bigint, token uuid UNIQUE, answers jsonb,
    rationale text);
INSERT INTO bare_slot (state) SELECT 'open' FROM generate_series(1, 1000);
"""


def measure() -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from django.db import connection

    from tests import world as worlds

    with connection.cursor() as cursor:
        cursor.execute(BARE_TABLES)
    world = worlds.build(latents=2 * PAIRS, sample=PAIRS + 10)
    form = worlds.complete_form(world.study)
    bare, http = [], []
    with gunicorn() as port:
        rater = Rater(port, world.study.slug, world.ada, form)
        for _ in range(5):
            rater.pair()
        for _ in range(PAIRS):
            bare.append(bare_pair(form))
            http.append(rater.pair())
    low, high = statistics.median(bare), statistics.median(http)
    return {"value": high / low, "detail": f"{high * 1e3:.1f} ms over {low * 1e3:.2f} ms, {PAIRS} pairs of each"}


def bare_pair(form: dict[str, Any]) -> float:
    """Seconds for the two statements, each in its own transaction."""
    from django.db import connection

    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(BARE_CLAIM)
        slot, token = cursor.fetchone()
        cursor.execute(BARE_SUBMIT, [slot, token, json.dumps(form), form["rationale"]])
    return time.perf_counter() - started


class Rater:
    """A signed-in rater on one kept connection."""

    def __init__(self, port: int, slug: str, user: Any, form: dict[str, Any]) -> None:
        from django.conf import settings
        from django.test import Client

        client = Client()
        client.force_login(user)
        self.cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
        self.path, self.form = f"/studies/{slug}/rate/", form
        self.connection = HTTPConnection("127.0.0.1", port)

    def pair(self) -> float:
        """Seconds for the next latent's page and the submit of its rating."""
        started = time.perf_counter()
        page = self._ask("GET", None, 200)
        fields = {**self.form, "ticket": _found(TICKET, page), "csrfmiddlewaretoken": _found(TOKEN, page)}
        self._ask("POST", urlencode(fields, doseq=True), 303)
        return time.perf_counter() - started

    def _ask(self, method: str, body: str | None, expected: int) -> str:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, self.path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status != expected:
            raise RuntimeError(f"{method} {self.path} answered {answer.status}, not {expected}: {text[:500]}")
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return text


def _found(pattern: re.Pattern[str], page: str) -> str:
    match = pattern.search(page)
    if match is None:
        raise RuntimeError(f"The rating page lacks {pattern.pattern}.")
    return match.group(1)


@contextmanager
def gunicorn() -> Iterator[int]:
    """The real server as `make run` starts it, on a free port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "4"]
    server = subprocess.Popen(command, env=os.environ.copy(), stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            if _answers(port):
                break
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/health/")
        return connection.getresponse().status == 200
    except OSError:
        return False
