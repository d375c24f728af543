"""Raters who never think, over HTTP and over bare SQL by turns: pairs a second, and how long each half takes."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from bench.bare_sql import Pairs, at_once, make_tables
from bench.rater import rater
from bench.site import more_raters, open_round, prepare, session_of, settle, site
from bench.times import in_words

SECONDS = float(os.environ.get("BENCH_SECONDS", "20"))
"""Of HTTP in all; half as much of bare SQL."""
ROUNDS = 4
RATERS_EACH = 3
"""People who rate each latent, as a new study asks for."""
PAIRS_A_SECOND = 200
"""More than there will be, so that nobody runs out of latents."""
BARE_A_SECOND = 12_000


@dataclass(frozen=True)
class Measured:
    http: Pairs
    bare: Pairs

    @property
    def detail(self) -> str:
        """Rates and times of both."""
        return "; ".join(
            f"{name} {one.rate:,.1f} pairs/s, {in_words(one.claims, one.submits)}"
            for name, one in (("HTTP", self.http), ("SQL", self.bare))
        )


def measured(raters: int) -> Measured:
    """HTTP and bare SQL by turns, so many raters or connections at once."""
    prepare()
    from tests import world as worlds

    latents = int(SECONDS * PAIRS_A_SECOND / min(RATERS_EACH, raters)) + 50
    world = worlds.build(latents=latents, sample=latents, open_the_round=False)
    people = more_raters(world, raters)
    open_round(world, RATERS_EACH)
    form = worlds.complete_form(world.study)
    make_tables(int(SECONDS * BARE_A_SECOND))
    settle()
    sessions = [session_of(person) for person in people]
    https, bares = [], []
    with site() as address:
        asyncio.run(_drive(address, world.study.slug, sessions, form, SECONDS / ROUNDS / 2))  # warms both workers
        for _ in range(ROUNDS):
            bares.append(at_once(raters, SECONDS / ROUNDS / 2, form))
            https.append(asyncio.run(_drive(address, world.study.slug, sessions, form, SECONDS / ROUNDS)))
    return Measured(_together(https), _together(bares))


async def _drive(address: str, slug: str, sessions: Sequence[str], form: dict[str, Any], seconds: float) -> Pairs:
    people = [rater(address, slug, session, form) for session in sessions]
    started = time.perf_counter()
    try:
        await asyncio.gather(*(_pairs(person, started + seconds) for person in people))
        taken = time.perf_counter() - started
    finally:
        await asyncio.gather(*(person.http.close() for person in people))
    claims = list(chain.from_iterable(person.claims for person in people))
    submits = list(chain.from_iterable(person.submits for person in people))
    return Pairs(claims, submits, len(submits) / taken)


async def _pairs(person: Any, end: float) -> None:
    while time.perf_counter() < end:
        if not await person.claim():
            raise RuntimeError("A rater ran out of latents: make more of them.")
        await person.submit()


def _together(parts: Sequence[Pairs]) -> Pairs:
    claims = list(chain.from_iterable(part.claims for part in parts))
    submits = list(chain.from_iterable(part.submits for part in parts))
    return Pairs(claims, submits, sum(part.rate for part in parts) / len(parts))
