"""How many clear latents are accepted in the end, with extra rounds, of eight raters."""

from typing import Any

from bench.consensus_worlds import HOW as WITH
from bench.consensus_worlds import with_extra_rounds
from bench.harness import at_least

NAME = "worlds_rounds_clear_n8"
HOW = f"{WITH}: share of clear latents accepted with up to two extra rounds, 8 raters, closed or open item"
TARGET = at_least(0.65)


def measure() -> dict[str, Any]:
    return with_extra_rounds("clear_accepted", worse=min)
