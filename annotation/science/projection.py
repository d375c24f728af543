"""When the remaining ratings will be in, at the pace of the last days, and how sure that is.

With n ratings in D days, the time until R more is D R / n. If ratings arrive at a steady rate, the wait for R more
over the D days is (R / n) times a variable of Fisher's F with 2R and 2n degrees of freedom: both are sums of
exponential waits (the ratio of two gamma variables; Cox and Lewis 1966, The Statistical Analysis of Series of Events,
section 9.2). Ratings come in sittings, so that days differ more than a steady rate has it: the degrees of freedom are
divided by the dispersion of the daily counts, variance over mean, where that is above 1 (quasi-Poisson, McCullagh and
Nelder 1989, section 6.2).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import f

from annotation.science.types import ScienceError, Undefined

FEWEST_DAYS, FEWEST_RATINGS = 3, 5
LEVEL = 0.95


@dataclass(frozen=True)
class Projection:
    """Days from now until `remaining` more ratings are in."""

    low: float
    expected: float
    high: float
    ratings: int
    """Given in the window: the n that the pace rests on."""
    days: int
    """Length of the window."""
    remaining: int
    dispersion: float


def project(daily: Sequence[int], remaining: int) -> Projection | Undefined:
    """daily: ratings on each day of the window; remaining: ratings that are still to come.

    Undefined with fewer than three days or five ratings. Raises ScienceError for negative numbers or nothing remaining.
    """
    if remaining < 1 or any(count < 0 for count in daily):
        raise ScienceError("A projection needs at least one remaining rating, and counts that are not negative.")
    days, ratings = len(daily), int(sum(daily))
    if days < FEWEST_DAYS:
        return Undefined(f"The round has been open for less than {FEWEST_DAYS} whole days, too short to tell a pace.")
    if ratings < FEWEST_RATINGS:
        return Undefined(f"{ratings} ratings came in the last {days} days; a pace needs {FEWEST_RATINGS}.")
    dispersion = max(1.0, float(np.var(daily, ddof=1)) * days / ratings)
    ratio = f(2 * remaining / dispersion, 2 * ratings / dispersion)
    expected = days * remaining / ratings
    low, high = (expected * float(ratio.ppf(tail)) for tail in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Projection(low, expected, high, ratings, days, remaining, dispersion)
