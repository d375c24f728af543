"""What the operating system says about processes, for tests that kill some."""

import subprocess
import time
from collections.abc import Iterable


def descendants(pid: int) -> set[int]:
    """Every living process below `pid`."""
    listing = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listing.splitlines())}
    found: set[int] = set()
    level = {pid}
    while level := {child for child, parent in parents.items() if parent in level and child not in found}:
        found |= level
    return found & alive(found)


def alive(pids: Iterable[int]) -> set[int]:
    """Those that still run; a zombie does not."""
    listing = subprocess.run(["ps", "-eo", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    states = dict(line.split() for line in listing.splitlines())
    return {pid for pid in pids if not states.get(str(pid), "Z").startswith("Z")}


def account_of(pid: int) -> int:
    """The effective uid that a process runs under."""
    answer = subprocess.run(["ps", "-o", "euid=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(answer.stdout)


def gone_within(seconds: float, pids: Iterable[int]) -> bool:
    deadline = time.monotonic() + seconds
    remaining = set(pids)
    while (remaining := alive(remaining)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not remaining
