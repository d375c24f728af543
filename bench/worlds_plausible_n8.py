"""How many of the answers that CLC accepts from eight raters somebody holds."""

from typing import Any

from bench.consensus_worlds import HOW as WITH
from bench.consensus_worlds import of_eight_raters
from bench.harness import at_least

NAME = "worlds_plausible_n8"
HOW = f"{WITH}: share of accepted answers that somebody holds, 8 raters"
TARGET = at_least(0.99)


def measure() -> dict[str, Any]:
    return of_eight_raters("plausible")
