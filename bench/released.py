"""A release of a study with a million ratings beside one of ten thousand, the same rows by COPY, and its verification.

One run gives three figures: the first measure of a `make bench` takes it, the others read it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.harness import BenchError

FEW, MANY = 10_000, int(os.environ.get("BENCH_RATINGS", "1000000"))
LONGEST = 3600
"""Seconds that any one step may take."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """One release, cut in a process of its own (`bench.release_apart`)."""

    folder: str
    rows: int
    """Ratings."""
    all_rows: int
    """Of all tables."""
    bytes: int
    """Of all tables in three formats."""
    seconds: float
    tables: float
    """Seconds of these, in the tables' files."""
    zip: float
    peak: int
    """Bytes of resident memory, the most there ever were."""
    before: int
    """... and when the release was asked for."""


@dataclass(frozen=True, kw_only=True)
class Released:
    few: Cut
    many: Cut
    copied: float
    """Seconds for COPY of all tables of `many`: the mean of once before and once after it was cut."""
    verified: float
    """Seconds of `python -m annotation.export verify` on the folder of `many`."""
    zip_verified: float
    """... on its zip."""


def released() -> Released:
    """Of this `make bench`: taken once."""
    shared = os.environ.get("BENCH_SHARED")
    kept = Path(shared) / "released.json" if shared else None
    if kept and kept.exists():
        read = json.loads(kept.read_text())
        return Released(**{**read, "few": Cut(**read["few"]), "many": Cut(**read["many"])})
    taken = _take()
    if kept:
        kept.write_text(json.dumps(asdict(taken)))
    return taken


def _take() -> Released:
    import django

    django.setup()
    from django.core.management import call_command

    from bench.made_up_release import empty_study, rate_up_to

    call_command("migrate", verbosity=0)
    world = empty_study()
    rate_up_to(world, FEW)
    few = _cut(world.study.slug)
    rate_up_to(world, MANY)
    before = _copy(world.study)
    many = _cut(world.study.slug)
    after = _copy(world.study)
    if (few.rows, many.rows) != (FEW, MANY):
        raise BenchError(f"{few.rows:,} and {many.rows:,} ratings were released, not {FEW:,} and {MANY:,}.")
    (archive,) = Path(many.folder).glob("*.zip")
    return Released(
        few=few,
        many=many,
        copied=(before + after) / 2,
        verified=_verify(Path(many.folder)),
        zip_verified=_verify(archive),
    )


def _cut(slug: str) -> Cut:
    return Cut(**json.loads(_apart("bench.release_apart", slug)))


def _verify(release: Path) -> float:
    """Seconds, the start of the program among them."""
    started = time.perf_counter()
    _apart("annotation.export", "verify", str(release))
    return time.perf_counter() - started


def _apart(module: str, *words: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", module, *words],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )
    if ran.returncode:
        raise BenchError(f"{module} ended with an error: {ran.stderr.strip().splitlines()[-1]}")
    return ran.stdout


def _copy(study: Any) -> float:
    """Seconds for COPY of every table's own SELECT, with the columns that are released, into a file."""
    from annotation.actions.releasing import released_tables
    from annotation.queries.release_rows import Cut as Rows
    from annotation.queries.release_rows import rated_items, snapshot, weighed_items
    from annotation.queries.results import newest_run

    run = newest_run(study)
    assert run is not None
    cut = Rows(study=study, run=run, items=tuple(rated_items(study)), weighed=tuple(weighed_items(run)))
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        with snapshot():
            for table in released_tables(cut):
                if table.name != "hierarchy":  # follows from facts in Python, and has no rows here
                    _copy_table(cut, table, Path(home) / table.name)
        return time.perf_counter() - started


def _copy_table(cut: Any, table: Any, path: Path) -> None:
    from django.db import connection

    select, parameters = cut.select(table.name)
    statement = f"COPY ({select.sql(table.names)}) TO STDOUT (FORMAT csv)"
    with path.open("wb") as file, connection.cursor() as cursor, cursor.copy(statement, parameters) as copy:
        for line in copy:
            file.write(line)
