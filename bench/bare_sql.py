"""The two statements under a rating and nothing else: what any annotation site on Postgres must at least do."""

import json
import os
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain
from multiprocessing import get_context
from typing import Any

import psycopg

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
INSERT INTO bare_slot (state) SELECT 'open' FROM generate_series(1, %(slots)s);
ANALYZE bare_slot;
"""


@dataclass(frozen=True)
class Pairs:
    """Seconds of each statement, and pairs a second of all connections together."""

    claims: list[float]
    submits: list[float]
    rate: float


def make_tables(slots: int) -> None:
    """As many open slots as all pairs of a measure may take."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for statement in BARE_TABLES.strip().split(";\n"):
            connection.execute((statement % {"slots": slots}).encode())


def bare_pair(connection: "psycopg.Connection[Any]", form: Mapping[str, Any]) -> tuple[float, float]:
    """Seconds of the claim and of the submit, each in its own transaction (the connection commits by itself)."""
    started = time.perf_counter()
    row = connection.execute(BARE_CLAIM).fetchone()
    if row is None:
        raise RuntimeError("The bare statements ran out of open slots: make more of them.")
    claimed = time.perf_counter()
    connection.execute(BARE_SUBMIT, [*row, json.dumps(form), form["rationale"]])
    return claimed - started, time.perf_counter() - claimed


def at_once(connections: int, seconds: float, form: Mapping[str, Any]) -> Pairs:
    """So many connections for so many seconds, each in a process of its own: no lock of Python's between them."""
    start = time.time() + 1.0 + 0.1 * connections  # all are up by then
    with ProcessPoolExecutor(connections, mp_context=get_context("spawn")) as pool:
        tasks = [pool.submit(_work, os.environ["DATABASE_URL"], start, seconds, dict(form)) for _ in range(connections)]
        parts = [task.result() for task in tasks]
    done = list(chain.from_iterable(parts))
    return Pairs([claim for claim, _ in done], [submit for _, submit in done], len(done) / seconds)


def _work(url: str, start: float, seconds: float, form: dict[str, Any]) -> list[tuple[float, float]]:
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(6):  # from then on the statements are prepared
            bare_pair(connection, form)
        time.sleep(max(0.0, start - time.time()))
        done, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end:
            done.append(bare_pair(connection, form))
    return done
