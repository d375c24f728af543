"""How many ambiguous latents are wrongly accepted after one round of eight raters."""

from typing import Any

from bench.consensus_worlds import HOW as WITH
from bench.consensus_worlds import of_eight_raters
from bench.harness import at_most

NAME = "worlds_ambiguous_accepted_n8"
HOW = f"{WITH}: share of ambiguous latents accepted after one round, 8 raters"
TARGET = at_most(0.2)


def measure() -> dict[str, Any]:
    return of_eight_raters("ambiguous_accepted")
