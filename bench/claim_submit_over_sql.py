"""What the site adds to the two statements under a rating: an HTTP claim and submit over the bare SQL."""

import asyncio
import os
import statistics
import time
from typing import Any

import psycopg

from bench.bare_sql import bare_pair, make_tables
from bench.harness import at_most
from bench.rater import Rater, rater
from bench.site import prepare, session_of, settle, site

NAME = "claim_submit_over_sql"
HOW = (
    "One rater without think time: GET of the next latent and POST of its rating, served as by `make run`, median of "
    "the pairs, over the median of one UPDATE … SKIP LOCKED … RETURNING and one INSERT, interleaved in the same run."
)
TARGET = at_most(40)
PAIRS, WARMING = 60, 12


def measure() -> dict[str, Any]:
    prepare()
    from tests import world as worlds

    world = worlds.build(latents=2 * PAIRS, sample=PAIRS + WARMING + 5)
    form = worlds.complete_form(world.study)
    make_tables(1_000)
    settle()
    with site() as address:
        bare, http = asyncio.run(_by_turns(address, world, form))
    low, high = statistics.median(bare), statistics.median(http)
    return {"value": high / low, "detail": f"{high * 1e3:.1f} ms over {low * 1e3:.2f} ms, {PAIRS} pairs of each"}


async def _by_turns(address: str, world: Any, form: dict[str, Any]) -> tuple[list[float], list[float]]:
    one = rater(address, world.study.slug, session_of(world.ada), form)
    bare, http = [], []
    try:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            for _ in range(PAIRS + WARMING):
                bare.append(sum(bare_pair(connection, form)))
                http.append(await _pair(one))
    finally:
        await one.http.close()
    return bare[WARMING:], http[WARMING:]


async def _pair(one: Rater) -> float:
    started = time.perf_counter()
    await one.claim()
    await one.submit()
    return time.perf_counter() - started
