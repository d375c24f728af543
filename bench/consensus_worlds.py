"""CLC and what it is measured against, in simulated studies whose truth is known (bench/worlds).

One run gives all figures that are named `worlds_`: the first measure of a `make bench` takes it, the others read it. It
also writes docs/reference/consensus_worlds.md. Worlds are drawn from their own seeds; those of these replicates were
never looked at while parameters were chosen (docs/adr/0015 says on which they were).
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench.worlds.estimators import WHOLE
from bench.worlds.page import page
from bench.worlds.replicate import ROUND_FIGURES, Replicate, replicate
from bench.worlds.scenarios import SCENARIOS, Scenario
from bench.worlds.taken import N8, OPEN_ROUNDS, ROUNDS, Taken, Tally

FIRST_SEED = 0
REPLICATES = int(os.environ.get("BENCH_WORLDS", "32"))
PUBLISHED = 32
"""With fewer replicates nothing is written into the documentation."""
PROCESSES = 2
DOCUMENT = Path(__file__).parents[1] / "docs" / "reference" / "consensus_worlds.md"
BESIDE = ("majority vote", "Dawid-Skene + calibration", "one-coin + calibration", "CLC, first version")
HOW = f"30 simulated scenarios of 60 latents, {REPLICATES} replicates each, the same worlds for every method"


def taken() -> Taken:
    """The figures of this run; taken now unless a measure before this one did."""
    kept = Path(os.environ["BENCH_SHARED"]) / "worlds.json" if "BENCH_SHARED" in os.environ else None
    if kept and kept.exists():
        return Taken(**json.loads(kept.read_text()))
    result = take(FIRST_SEED, REPLICATES)
    if kept:
        kept.write_text(json.dumps(asdict(result)))
    if result.replicates >= PUBLISHED:
        DOCUMENT.write_text(page(result))
    return result


def better_than(other: str) -> dict[str, Any]:
    """A figure: scenarios in which CLC is more accurate by over two standard errors of the paired difference."""
    tally = taken().tally(WHOLE, other)
    return {"value": float(tally.better), "detail": _tallied(tally)}


def worse_than(other: str) -> dict[str, Any]:
    tally = taken().tally(WHOLE, other)
    return {"value": float(tally.worse), "detail": _tallied(tally)}


def _tallied(tally: Tally) -> str:
    return f"better in {tally.better}, worse in {tally.worse} of {tally.scenarios} scenarios"


def of_eight_raters(figure: str) -> dict[str, Any]:
    """A figure of CLC over the six scenarios of eight raters without collusion, and what others have beside it."""
    result = taken()
    beside = ", ".join(f"{name} {result.mean(N8, name, figure):.3f}" for name in (WHOLE, *BESIDE))
    return {"value": result.mean(N8, WHOLE, figure), "detail": beside}


def with_extra_rounds(figure: str, worse: Callable[..., float]) -> dict[str, Any]:
    """The same of the whole rule, the worse of a closed and an open item, and where their latents went."""
    result = taken()
    said = [
        f"{kind}: "
        + ", ".join(f"{name.replace('_', ' ')} {result.mean(N8, which, name):.3f}" for name in ROUND_FIGURES)
        for kind, which in (("closed", ROUNDS), ("open", OPEN_ROUNDS))
    ]
    value = worse(result.mean(N8, which, figure) for which in (ROUNDS, OPEN_ROUNDS))
    return {"value": value, "detail": "; ".join(said)}


def take(first_seed: int, replicates: int, scenarios: tuple[Scenario, ...] = SCENARIOS) -> Taken:
    started = time.monotonic()
    jobs = [(scenario, first_seed + i) for scenario in scenarios for i in range(replicates)]
    by_scenario: dict[str, dict[str, dict[str, list[float]]]] = {}
    os.environ["OMP_NUM_THREADS"] = "1"
    with get_context("spawn").Pool(PROCESSES) as pool:
        for (scenario, _), (methods, rounds) in zip(jobs, _shown(pool.imap(_replicate, jobs), len(jobs)), strict=True):
            for name, figures in {**methods, **rounds}.items():
                kept = by_scenario.setdefault(scenario.name, {}).setdefault(name, {})
                for figure, value in figures.items():
                    kept.setdefault(figure, []).append(value)
    return Taken(replicates, first_seed, by_scenario, time.monotonic() - started)


def _replicate(job: tuple[Scenario, int]) -> Replicate:
    return replicate(*job)


def _shown(results: Iterator[Replicate], total: int) -> Iterator[Replicate]:
    for done, result in enumerate(results, 1):
        if done % 96 == 0 and sys.stderr.isatty():
            print(f"{done} of {total} worlds", file=sys.stderr, flush=True)
        yield result
