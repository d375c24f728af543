"""What an interval of 2,000 replicates costs beside one value: alpha of 11 raters, 2,000 latents and 8 answers."""

import time
from collections.abc import Callable
from statistics import median

import krippendorff
import numpy as np

from annotation.science.alpha import alpha
from annotation.science.distance import Level
from annotation.science.table import RatingTable
from bench.harness import at_most

NAME = "alpha_ci_over_single"
HOW = (
    "alpha with its 95 % interval by 2,000 resamples of the latents, over one call of krippendorff.alpha on the same "
    "table, by turns in one run, medians; the worst of the levels nominal, ordinal and interval"
)
TARGET = at_most(80)
RATERS, LATENTS, VALUES, REPLICATES = 11, 2000, 8, 2000
LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval")


def measure(turns: int = 15) -> dict[str, float | str]:
    table = made_up_table()
    data = table.codes.T.astype(np.float64)
    ratios, words = [], []
    for level in LEVELS:
        single, whole = by_turns(
            lambda level=level: krippendorff.alpha(reliability_data=data, level_of_measurement=level),  # type: ignore[misc]
            lambda level=level: alpha(table, level, seed=1, replicates=REPLICATES),  # type: ignore[misc]
            turns,
        )
        ratios.append(whole / single)
        words.append(f"{level} {1e3 * whole:.0f} ms over {1e3 * single:.2f} ms")
    return {"value": max(ratios), "detail": ", ".join(words)}


def made_up_table() -> RatingTable:
    """Six answers in ten are right, the rest anything."""
    rng = np.random.default_rng(1)
    shape = (LATENTS, RATERS)
    truth = rng.integers(0, VALUES, (LATENTS, 1))
    codes = np.where(rng.random(shape) < 0.6, truth, rng.integers(0, VALUES, shape)).astype(np.int64)
    units, raters = (tuple(f"{i:04d}" for i in range(n)) for n in shape)
    return RatingTable(units, raters, tuple(range(VALUES)), codes, 0)


def by_turns(first: Callable[[], object], second: Callable[[], object], turns: int) -> tuple[float, float]:
    """Median seconds of each, called in turn; the first turn warms both and does not count."""
    taken = [(_seconds(first), _seconds(second)) for _ in range(turns + 1)][1:]
    one, other = (median(times) for times in zip(*taken, strict=True))
    return one, other


def _seconds(job: Callable[[], object]) -> float:
    started = time.perf_counter()
    job()
    return time.perf_counter() - started
