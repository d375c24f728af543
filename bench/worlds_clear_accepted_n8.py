"""How many clear latents are accepted after one round of eight raters."""

from typing import Any

from bench.consensus_worlds import HOW as WITH
from bench.consensus_worlds import of_eight_raters
from bench.harness import at_least

NAME = "worlds_clear_accepted_n8"
HOW = f"{WITH}: share of clear latents accepted after one round, 8 raters"
TARGET = at_least(0.65)


def measure() -> dict[str, Any]:
    return of_eight_raters("clear_accepted")
