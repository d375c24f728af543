"""How many ratings a second the site takes, of those that bare SQL takes on the same machine."""

from typing import Any

from bench.harness import at_least
from bench.no_think_time import measured

NAME = "pairs_over_sql"
HOW = (
    "Eight raters without think time: pairs of claim with its page and submit a second over HTTP, served as by "
    "`make run`, over pairs a second of one UPDATE … SKIP LOCKED … RETURNING and one INSERT on eight connections; by "
    "turns in one run, the client on the same machine."
)
TARGET = at_least(1 / 40)
DURABLE = True
RATERS = 8


def measure() -> dict[str, Any]:
    taken = measured(RATERS)
    return {
        "value": taken.http.rate / taken.bare.rate,
        "detail": f"1/{taken.bare.rate / taken.http.rate:.1f}; {taken.detail}",
    }
