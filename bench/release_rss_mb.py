"""Whether a release's memory grows with the study: a million ratings beside ten thousand."""

from typing import Any

from bench.harness import at_most
from bench.released import FEW, MANY, released

NAME = "release_rss_mb"
HOW = (
    f"highest resident memory of a process that cuts a release with {MANY:,} ratings ({MANY // 100:,} latents, all "
    f"tables, zip) minus that of a process that cuts one with {FEW:,}, in MB; results are there before"
)
TARGET = at_most(64)
MEGABYTE = 1e6


def measure() -> dict[str, Any]:
    taken = released()
    few, many = (cut.peak / MEGABYTE for cut in (taken.few, taken.many))
    idle = taken.many.before / MEGABYTE
    return {"value": many - few, "detail": f"{many:.0f} MB over {few:.0f} MB; {idle:.0f} MB before it begins"}
