"""How often two hundred raters at once met an error."""

from typing import Any

from bench.harness import at_most
from bench.load import HOW as WITH
from bench.load import counted

NAME = "load_errors"
HOW = f"{WITH}: answers that a rater does not expect, and connections that broke"
TARGET = at_most(0)
DURABLE = True


def measure() -> dict[str, Any]:
    taken = counted()
    return {"value": float(taken.errors), "detail": taken.detail}
