"""How often CLC is right on clear latents that eight raters share."""

from typing import Any

from bench.consensus_worlds import HOW as WITH
from bench.consensus_worlds import of_eight_raters
from bench.harness import at_least

NAME = "worlds_accuracy_n8"
HOW = f"{WITH}: accuracy of CLC on clear latents, 8 raters"
TARGET = at_least(0.97)


def measure() -> dict[str, Any]:
    return of_eight_raters("accuracy")
