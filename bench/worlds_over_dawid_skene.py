"""In how many of the thirty scenarios CLC is more accurate than Dawid-Skene with calibration."""

from typing import Any

from bench.consensus_worlds import HOW as WITH
from bench.consensus_worlds import better_than
from bench.harness import at_least

NAME = "worlds_over_dawid_skene"
HOW = f"{WITH}: scenarios in which CLC beats Dawid-Skene with calibration by two standard errors"
TARGET = at_least(24)


def measure() -> dict[str, Any]:
    return better_than("Dawid-Skene + calibration")
