"""How long a physician waits for her next latent after Enter, beyond what the site itself takes to store her rating."""

import re
import time
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from bench.harness import at_most
from bench.site import open_round, prepare, session_of, settle, site
from bench.times import centile

NAME = "submit_to_next"
HOW = (
    "One rater in Chromium on a site served as by `make run`, thirty submits by Enter, the next latents fetched ahead: "
    "milliseconds from the key to the paint of the next sheet, less the site's own time for that very POST (from its "
    "request to its answer's first byte); the 95th percentile."
)
TARGET = at_most(150)
SUBMITS, WARM = 30, 3
LATENTS = 80
READING = 0.7
"""Seconds before a sheet is sent: a second press within 600 ms of the first is taken for a slip of the finger."""

WATCH = """() => {
  window.submits = [];
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter") window.pressed = event.timeStamp;
  }, true);
  document.addEventListener("consilium:sheet", () => {
    requestAnimationFrame(() => requestAnimationFrame((painted) => {
      window.submits.push(performance.now() - window.pressed);
    }));
  });
}"""
"""From the key's own time stamp to the frame after the one that drew the sheet: by then it is on the screen."""


def measure() -> dict[str, Any]:
    prepare()
    from tests import world as worlds

    world = worlds.build(latents=LATENTS, sample=LATENTS, open_the_round=False)
    open_round(world, 1)
    settle()
    session = session_of(world.ada)
    with site() as address, sync_playwright() as playwright:
        browser = _chromium(playwright)
        shown, stored = _rate(browser, address, world, session)
        browser.close()
    _all_stored(len(shown) + WARM)
    beyond = [seen - own for seen, own in zip(shown, stored, strict=True)]
    words = (_words("Enter to paint", shown), _words("the site's own", stored), _words("beyond", beyond))
    return {"value": centile(beyond, 95), "detail": f"{'; '.join(words)}; {len(beyond)} submits"}


def _chromium(playwright: Any) -> Browser:
    from tests.browser import chromium

    return playwright.chromium.launch(executable_path=str(chromium.find()), args=chromium.flags())


def _rate(browser: Browser, address: str, world: Any, session: str) -> tuple[list[float], list[float]]:
    """Seconds to the next sheet's paint, and of them the site's own, of every submit after the first few."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    _sign_in(context, address, session)
    page = context.new_page()
    with page.expect_response(re.compile(r"/rate/ahead/\?after=")):
        page.goto(f"{address}/studies/{world.study.slug}/rate/")
    page.evaluate(WATCH)
    own = [_submit(page, number) for number in range(WARM + SUBMITS)]
    shown: list[float] = page.evaluate("window.submits.map((one) => one / 1000)")
    if len(shown) != len(own):
        raise RuntimeError(f"{len(own)} submits, and {len(shown)} sheets were there at once.")
    return shown[WARM:], own[WARM:]


def _sign_in(context: BrowserContext, address: str, session: str) -> None:
    from django.conf import settings

    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address, "httpOnly": True}])


def _submit(page: Page, number: int) -> float:
    """One rating as she sends it, and the site's own seconds. The next sheets have come before she is ready again."""
    from tests.browser.rating_form import fill

    fill(page, why=f"All of them name it, {number}.")
    time.sleep(READING)
    page.keyboard.press("Escape")
    with page.expect_response(re.compile(r"/rate/ahead/\?after=")), page.expect_request_finished(_is_submit) as sent:
        page.keyboard.press("Enter")
    page.wait_for_function("count => window.submits.length === count", arg=number + 1)
    timing = sent.value.timing
    return (timing["responseStart"] - timing["requestStart"]) / 1000


def _is_submit(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/rate/")


def _all_stored(expected: int) -> None:
    from annotation.models import Rating

    if (stored := Rating.objects.count()) != expected:
        raise RuntimeError(f"{expected} ratings were sent, {stored} are stored.")


def _words(name: str, seconds: Sequence[float]) -> str:
    return f"{name} {centile(seconds, 50):.0f}/{centile(seconds, 95):.0f} ms p50/p95"
