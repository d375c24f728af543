"""In how many of the thirty scenarios CLC is less accurate than majority vote."""

from typing import Any

from bench.consensus_worlds import HOW as WITH
from bench.consensus_worlds import worse_than
from bench.harness import at_most

NAME = "worlds_under_majority"
HOW = f"{WITH}: scenarios in which CLC falls behind majority vote by two standard errors"
TARGET = at_most(0)


def measure() -> dict[str, Any]:
    return worse_than("majority vote")
