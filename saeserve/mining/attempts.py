"""How often a piece of work was begun and its worker died: what kills every worker must end some time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saeserve.artifacts import read_json, write_json
from saeserve.refusal import Refusal

MOST = 5
ADVICE = "use smaller shards, a narrower SAE or a machine with more memory"


class KeepsDying(Refusal):
    """Worker after worker died at the same place."""

    retry_helps = True


@contextmanager
def attempt(file: Path, *, work: str, most: int = MOST, advice: str = ADVICE) -> Iterator[None]:
    """Count one more attempt at `work`. Whoever leaves alive, with a result, an error or an interruption, takes the
    count away; so `file` counts deaths.

    Raises KeepsDying after `most` of them, with the advice, and starts counting anew. Call with the lock of that work
    in hand.
    """
    deaths = _deaths(file)
    if deaths >= most:
        file.unlink()
        raise KeepsDying(f"The worker died {most} times at {work}, most likely for lack of memory; {advice}.")
    write_json(file, {"deaths": deaths + 1})
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _deaths(file: Path) -> int:
    try:
        return int(read_json(file)["deaths"])
    except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError, ValueError):
        return 0
