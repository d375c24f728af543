"""The unit bootstrap: latents are drawn with replacement, whole, with all their ratings.

Zapf et al. 2016 (BMC Med Res Methodol 16:93): it covers nominally for alpha; the asymptotic Fleiss interval does not.
"""

from collections.abc import Callable

import numpy as np

from annotation.science.types import FloatArray, Interval, Undefined

MINIMUM_UNITS = 10
"""With fewer latents the percentile interval is far too narrow to be shown."""
MAXIMUM_UNDEFINED_SHARE = 0.05
COVERAGE = 0.95
CHUNK = 250
"""Replicates computed at a time: bounds memory at 250 times the number of units."""


def bootstrap_interval(
    n_units: int, statistic: Callable[[FloatArray], FloatArray], *, seed: int, replicates: int
) -> Interval | Undefined:
    """Percentile interval (95 %) of `statistic` over resampled units.

    `statistic` takes weights (replicates, units), how often each unit was drawn, and returns one value a replicate,
    nan where a replicate leaves it undefined. The same seed gives the same interval.
    """
    if n_units < MINIMUM_UNITS:
        return Undefined(f"An interval needs at least {MINIMUM_UNITS} latents with two ratings; there are {n_units}.")
    rng = np.random.default_rng(seed)
    shares = np.full(n_units, 1.0 / n_units)
    sizes = [min(CHUNK, replicates - start) for start in range(0, replicates, CHUNK)]
    drawn = [statistic(rng.multinomial(n_units, shares, size=size).astype(np.float64)) for size in sizes]
    return _percentiles(np.concatenate(drawn))


def _percentiles(drawn: FloatArray) -> Interval | Undefined:
    defined = drawn[np.isfinite(drawn)]
    lost = len(drawn) - len(defined)
    if lost > MAXIMUM_UNDEFINED_SHARE * len(drawn):
        return Undefined(
            f"In {lost} of {len(drawn)} resamples every rating was the same, so that no interval can be drawn; "
            "one answer outweighs all others."
        )
    tail = (1 - COVERAGE) / 2 * 100
    low, high = (float(x) for x in np.percentile(defined, [tail, 100 - tail]))
    if low == high:
        return Undefined("Every resample gives the same value, so that resampling says nothing about its precision.")
    return Interval(low, high)
