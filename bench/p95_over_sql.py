"""How long the slowest of twenty answers takes with twenty raters at once, over the bare statement's."""

from typing import Any

from bench.harness import at_most
from bench.no_think_time import measured
from bench.times import centile

NAME = "p95_over_sql"
HOW = (
    "Twenty raters without think time: p95 of claim with its page over HTTP, served as by `make run`, over p95 of one "
    "UPDATE … SKIP LOCKED … RETURNING on twenty connections, and the same of the submit over one INSERT; the worse of "
    "the two, by turns in one run, the client on the same machine."
)
TARGET = at_most(55)
DURABLE = True
RATERS = 20


def measure() -> dict[str, Any]:
    taken = measured(RATERS)
    http, bare = taken.http, taken.bare
    claim = centile(http.claims, 95) / centile(bare.claims, 95)
    submit = centile(http.submits, 95) / centile(bare.submits, 95)
    return {
        "value": max(claim, submit),
        "detail": f"claim {claim:.1f}, submit {submit:.1f}; {taken.detail}",
    }
