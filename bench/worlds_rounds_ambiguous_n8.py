"""How many ambiguous latents are wrongly accepted in the end, with extra rounds, of eight raters."""

from typing import Any

from bench.consensus_worlds import HOW as WITH
from bench.consensus_worlds import with_extra_rounds
from bench.harness import at_most

NAME = "worlds_rounds_ambiguous_n8"
HOW = f"{WITH}: share of ambiguous latents accepted with up to two extra rounds, 8 raters, closed or open item"
TARGET = at_most(0.2)


def measure() -> dict[str, Any]:
    return with_extra_rounds("ambiguous_accepted", worse=max)
