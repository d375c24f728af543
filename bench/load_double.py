"""How many ratings of two hundred raters at once were stored twice."""

from typing import Any

from bench.harness import at_most
from bench.load import HOW as WITH
from bench.load import counted

NAME = "load_double"
HOW = f"{WITH}: rows beyond the first of a rater on a latent, or beyond a latent's places"
TARGET = at_most(0)
DURABLE = True


def measure() -> dict[str, Any]:
    taken = counted()
    return {"value": float(taken.double), "detail": taken.detail}
