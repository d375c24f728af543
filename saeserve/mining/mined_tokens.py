"""How many of a run's tokens are mined, by all workers together."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO

from saeserve.mining.folders import SHARDS, RunFolder
from saeserve.mining.plan import Shard

FRESH = 60.0
"""Seconds after which the note of a shard in hand is taken for that of a dead worker."""


class MinedTokens:
    """Finished shards, and what their workers note of those in hand."""

    def __init__(self, folder: RunFolder, shards: Sequence[Shard], *, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._clock = folder.path / SHARDS, clock
        self._sizes = [shard.tokens for shard in shards]

    def count(self) -> int:
        """Counted tokens, at most all of them."""
        done: dict[int, int] = {}
        for file in self._folder.glob("[0-9]*"):
            number = int(file.name.partition(".")[0])
            if file.suffix == ".safetensors":
                done[number] = self._sizes[number]
            elif file.suffix == ".lock" and number not in done:
                with suppress(OSError, ValueError):
                    if self._clock() - file.stat().st_mtime < FRESH:
                        done[number] = min(int(file.read_text()), self._sizes[number])
        return sum(done.values())


def note(lock: TextIO, tokens: int) -> None:
    """Leave in the lock file in hand how many tokens of its shard are done. On a full disk that is not told: what
    matters is written elsewhere, and says so in a sentence."""
    with suppress(OSError):
        os.ftruncate(lock.fileno(), 0)
        os.write(lock.fileno(), str(tokens).encode())
