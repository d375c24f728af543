"""A rater over HTTP as her browser speaks it: the next latent's page, drafts, and the submit of her rating."""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

TICKET = re.compile(r'name="ticket"\s+value="([^"]+)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken"\s+value="([^"]+)"')
NOTHING_LEFT = "Nothing to rate now"


class Unexpected(Exception):
    """An answer that a rater does not expect: an error."""


@dataclass
class Rater:
    """One signed-in person. `http` keeps her cookies and her connections; `form` is a complete set of answers."""

    http: aiohttp.ClientSession
    page: str
    drafts: str
    form: Mapping[str, Any]
    ticket: str = ""
    token: str = ""
    drafted: int = 0
    """Number of the draft that she saw last."""
    claims: list[float] = field(default_factory=list)
    """Seconds of each claim with its page, read to its last byte."""
    submits: list[float] = field(default_factory=list)

    async def claim(self) -> bool:
        """Her next latent's page. False if nothing is left for her."""
        text, seconds = await self._ask("GET", self.page)
        self.claims.append(seconds)
        if NOTHING_LEFT in text:
            return False
        self.ticket, self.token, self.drafted = _found(TICKET, text), _found(TOKEN, text), 0
        return True

    async def draft(self, rationale: str) -> None:
        """What the page sends while she writes."""
        answers = {**self.form, "rationale": rationale}
        kept = {"ticket": self.ticket, "window": "bench", "draft_number": self.drafted, "answers": answers}
        await self._ask("PUT", self.drafts, json=kept, headers=self._from_page)
        self.drafted += 1

    async def submit(self, *, times: int = 1) -> None:
        """The rating is stored when this returns. `times`: the same form so often at once, as by a double click."""
        fields = {**self.form, "ticket": self.ticket, "csrfmiddlewaretoken": self.token, "active_seconds": "10"}
        pairs = [
            (key, str(one)) for key, value in fields.items() for one in (value if isinstance(value, list) else [value])
        ]
        answered = await asyncio.gather(*(self._send(pairs) for _ in range(times)))
        self.submits.append(max(answered))

    async def _send(self, pairs: list[tuple[str, str]]) -> float:
        text, seconds = await self._ask("POST", self.page, data=aiohttp.FormData(pairs), headers=self._from_page)
        if '"saved_at"' not in text:
            raise Unexpected(f"A submit was answered without the time at which it was saved: {text[:300]}")
        return seconds

    @property
    def _from_page(self) -> dict[str, str]:
        return {"Accept": "application/json", "X-CSRFToken": self.token, "Referer": self.page}

    async def _ask(self, method: str, url: str, **words: Any) -> tuple[str, float]:
        started = time.perf_counter()
        async with self.http.request(method, url, allow_redirects=False, **words) as answer:
            text = await answer.text()
        seconds = time.perf_counter() - started
        if answer.status != 200:
            raise Unexpected(f"{method} {url} answered {answer.status}: {text[:300]}")
        return text, seconds


def rater(address: str, slug: str, session: str, form: Mapping[str, Any]) -> Rater:
    """To be closed by `await rater.http.close()`. Must be called inside a running event loop."""
    from django.conf import settings

    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address in figures
    jar.update_cookies({settings.SESSION_COOKIE_NAME: session})
    # As browsers do, six connections at most.
    http = aiohttp.ClientSession(
        cookie_jar=jar, connector=aiohttp.TCPConnector(limit=6), timeout=aiohttp.ClientTimeout(total=60)
    )
    return Rater(http, f"{address}/studies/{slug}/rate/", f"{address}/api/drafts/", form)


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _found(pattern: re.Pattern[str], page: str) -> str:
    match = pattern.search(page)
    if match is None:
        raise Unexpected(f"The rating page lacks {pattern.pattern}: {page[:300]}")
    return match.group(1)
