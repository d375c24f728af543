"""Plain progress lines."""

import contextlib
import sys


def say(*lines: str) -> None:
    """Print at once; a terminal that has gone away is no reason to stop."""
    with contextlib.suppress(OSError, ValueError):
        print(*lines, sep="\n", flush=True)


def complain(sentence: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(sentence, file=sys.stderr, flush=True)
