"""Seconds spent inside chosen functions while a job runs, by wrapping them where they are called."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch


@contextmanager
def stopwatch(*places: tuple[str, Any, str]) -> Iterator[dict[str, float]]:
    """Each place is (name, module or class, attribute). Seconds by name; places of one name add up."""
    seconds = {name: 0.0 for name, _, _ in places}
    with ExitStack() as stack:
        for name, holder, attribute in places:
            stack.enter_context(patch.object(holder, attribute, _timed(getattr(holder, attribute), name, seconds)))
        yield seconds


def _timed(function: Any, name: str, seconds: dict[str, float]) -> Any:
    def run(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            seconds[name] += time.perf_counter() - started

    return run
