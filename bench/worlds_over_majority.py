"""In how many of the thirty scenarios CLC is more accurate than majority vote."""

from typing import Any

from bench.consensus_worlds import HOW as WITH
from bench.consensus_worlds import better_than
from bench.harness import at_least

NAME = "worlds_over_majority"
HOW = f"{WITH}: scenarios in which CLC beats majority vote by two standard errors"
TARGET = at_least(26)


def measure() -> dict[str, Any]:
    return better_than("majority vote")
