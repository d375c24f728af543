"""Two hundred raters at once for two minutes: what went wrong, what was lost, what was stored twice.

One run gives three figures: the first measure of a `make bench` takes it, the others read it.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp

from bench.rater import Rater, Unexpected, rater
from bench.site import more_raters, open_round, prepare, session_of, settle, site
from bench.times import in_words

RATERS = int(os.environ.get("BENCH_RATERS", "200"))
SECONDS = float(os.environ.get("BENCH_LOAD_SECONDS", "120"))
THINK = float(os.environ.get("BENCH_THINK_SECONDS", "10"))
RATERS_EACH = 5
TWICE = 10
"""Of so many forms one is sent twice at once."""
HOW = (
    f"{RATERS} raters at once, {THINK:g} s from page to submit, a draft half-way, every tenth form sent twice, for "
    f"{SECONDS:g} s, over HTTP on a site served as by `make run` with its worker, on a Postgres that writes to disk"
)


@dataclass(frozen=True)
class Counted:
    errors: int
    first_error: str
    acknowledged: int
    """Ratings of which a rater was told that they are saved."""
    stored: int
    lost: int
    """Acknowledged and not in the table."""
    double: int
    """Rows beyond the first of a rater on a latent, or beyond a latent's places."""
    times: str

    @property
    def detail(self) -> str:
        return f"{self.acknowledged:,} ratings acknowledged, {self.stored:,} stored; {self.times}" + (
            f"; first error: {self.first_error}" if self.errors else ""
        )


@dataclass
class Seen:
    """What the raters met."""

    errors: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    """Tickets."""


def counted() -> Counted:
    """Of this `make bench`: taken once."""
    shared = os.environ.get("BENCH_SHARED")
    kept = Path(shared) / "load.json" if shared else None
    if kept and kept.exists():
        return Counted(**json.loads(kept.read_text()))
    taken = _take()
    if kept:
        kept.write_text(json.dumps(asdict(taken)))
    return taken


def _take() -> Counted:
    prepare()
    from tests import world as worlds

    latents = max(60, int(1.5 * RATERS * (SECONDS / THINK + 1) / RATERS_EACH))
    world = worlds.build(latents=latents, sample=latents, open_the_round=False)
    people = more_raters(world, RATERS)
    open_round(world, RATERS_EACH)
    settle()
    sessions, seen = [session_of(person) for person in people], Seen()
    form = worlds.complete_form(world.study)
    with site(background=True) as address:
        raters = asyncio.run(_work(address, world.study.slug, sessions, form, seen))
    return _judged(world, raters, seen)


async def _work(address: str, slug: str, sessions: Sequence[str], form: dict[str, Any], seen: Seen) -> Sequence[Rater]:
    raters = [rater(address, slug, session, form) for session in sessions]
    end = time.monotonic() + SECONDS
    chance = random.Random(20261122)
    try:
        await asyncio.gather(*(_sit(one, end, chance.uniform(0, THINK), seen) for one in raters))
    finally:
        await asyncio.gather(*(one.http.close() for one in raters))
    return raters


async def _sit(one: Rater, end: float, late: float, seen: Seen) -> None:
    """Until the end, and then to the end of what she has before her. After an error she opens the page again."""
    await asyncio.sleep(late)
    turn = int(late * 1000)
    while time.monotonic() < end:
        turn += 1
        try:
            if not await one.claim():
                raise Unexpected("Nothing was left to rate.")
            await asyncio.sleep(THINK / 2)
            await one.draft("Half a sentence")
            await asyncio.sleep(THINK / 2)
            await one.submit(times=1 + (turn % TWICE == 0))
        except (Unexpected, aiohttp.ClientError, TimeoutError) as error:
            seen.errors.append(f"{type(error).__name__}: {error}")
        else:
            seen.acknowledged.append(one.ticket)


def _judged(world: Any, raters: Sequence[Rater], seen: Seen) -> Counted:
    from annotation.models import Rating

    told = _tokens(seen.acknowledged)
    rows = list(Rating.objects.filter(study=world.study).values_list("submit_token", "rater", "latent", "slot"))
    stored = {str(token) for token, *_ in rows}
    pairs = {(rater, latent) for _, rater, latent, _ in rows}
    surplus = sum(1 for *_, slot in rows if slot is None)
    return Counted(
        errors=len(seen.errors),
        first_error=seen.errors[0][:400] if seen.errors else "",
        acknowledged=len(seen.acknowledged),
        stored=len(rows),
        lost=len(told - stored),
        double=len(rows) - len(pairs) + surplus,
        times=in_words(
            list(chain.from_iterable(one.claims for one in raters)),
            list(chain.from_iterable(one.submits for one in raters)),
        ),
    )


def _tokens(tickets: Sequence[str]) -> set[str]:
    """The submit tokens inside the tickets."""
    from annotation.actions.sealing import unseal
    from annotation.actions.tickets import CONTENT, PURPOSE

    return {str(UUID(bytes=CONTENT.unpack(unseal(PURPOSE, ticket))[-1])) for ticket in tickets}
