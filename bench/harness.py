"""What a measure is, and how one is taken.

A measure is a module of this folder named like the figure, with NAME, HOW (a sentence), TARGET (its words and its
predicate, a `Target`) and `measure()`, which returns `{"value": float, "detail": str}`. Every value is a ratio taken
within one run on one machine, so that it means the same on another, a count that has to be zero, or a wait that a
person feels, in milliseconds beyond what the machine itself takes. DURABLE = True asks for a Postgres that writes to
disk, as `make run` has it.
"""

import importlib
import json
import math
import os
import pkgutil
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
SHARED = {
    *(
        "__main__",
        "bare_sql",
        "consensus_worlds",
        "harness",
        "load",
        "made_up_release",
        "made_up_shard",
        "made_up_study",
        "mining_inputs",
        "no_think_time",
    ),
    *("clc_apart", "rater", "release_apart", "released", "site", "stopwatch", "times", "wide_table"),
}
"""Modules of this folder that are no measures."""
COLUMNS = ("name", "value", "target", "holds", "how", "detail")


class Target(NamedTuple):
    """What was promised, in words and as a test of the value."""

    words: str
    holds: Callable[[float], bool]


def at_most(limit: float) -> Target:
    return Target(f"at most {limit:g}", lambda value: value <= limit)


def at_least(limit: float) -> Target:
    return Target(f"at least {limit:g}", lambda value: value >= limit)


@dataclass(frozen=True)
class Figure:
    """One measured figure beside its target."""

    name: str
    value: float
    target: str
    holds: bool
    how: str
    detail: str
    machine: str


class BenchError(Exception):
    pass


def names() -> list[str]:
    """Every measure of this folder, in alphabetical order."""
    found = {module.name for module in pkgutil.iter_modules([str(FOLDER)]) if not module.ispkg}
    return sorted(found - SHARED)


def chosen(only: Sequence[str]) -> list[str]:
    """The measures asked for; all where none is named."""
    unknown = [name for name in only if name not in names()]
    if unknown:
        raise BenchError(f"There is no measure {unknown[0]!r}. There are: {', '.join(names()) or 'none yet'}.")
    return list(only) or names()


def durable(name: str) -> bool:
    """Whether the measure asks for a Postgres that writes to disk."""
    return bool(getattr(importlib.import_module(f"bench.{name}"), "DURABLE", False))


def take(name: str) -> Figure:
    """Take one measure in this process."""
    module = importlib.import_module(f"bench.{name}")
    words, holds = module.TARGET
    taken = module.measure()
    value = float(taken["value"])
    if not math.isfinite(value):
        raise BenchError(f"{name} gave {value}, which is no figure: {taken['detail']}")
    return Figure(module.NAME, value, words, bool(holds(value)), module.HOW, taken["detail"], machine())


def take_apart(name: str, environment: Mapping[str, str]) -> Figure:
    """Take one measure in a process of its own, so that no measure warms or burdens another."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figure.json"
        ran = subprocess.run(
            [sys.executable, "-m", "bench.harness", name, str(out)], env=dict(environment), check=False
        )
        if ran.returncode != 0:
            raise BenchError(f"{name} could not be measured; what it said is above.")
        return Figure(**json.loads(out.read_text()))


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, {platform.system()}"


def merge(figures: Sequence[Figure], path: Path = RESULTS) -> None:
    """Put the figures into the results file; figures of other names stay as they are."""
    known = json.loads(path.read_text()) if path.exists() else {}
    known |= {figure.name: asdict(figure) for figure in figures}
    draft = path.with_suffix(".json.tmp")
    draft.write_text(json.dumps(known, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    draft.replace(path)


def table(figures: Sequence[Figure]) -> str:
    """The figures as aligned plain text."""
    rows = [COLUMNS, *([_cell(getattr(figure, column)) for column in COLUMNS] for figure in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "holds" if value else "DOES NOT HOLD"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(asdict(take(sys.argv[1]))))
