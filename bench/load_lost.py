"""How many ratings of two hundred raters at once were acknowledged and are not there."""

from typing import Any

from bench.harness import at_most
from bench.load import HOW as WITH
from bench.load import counted

NAME = "load_lost"
HOW = f"{WITH}: ratings acknowledged as saved and not in the table"
TARGET = at_most(0)
DURABLE = True


def measure() -> dict[str, Any]:
    taken = counted()
    return {"value": float(taken.lost), "detail": taken.detail}
