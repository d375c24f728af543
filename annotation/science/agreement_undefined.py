"""Why no coefficient beyond chance exists."""

import numpy as np

from annotation.science.distance import Level, checked_distances
from annotation.science.table import MISSING
from annotation.science.types import FloatArray, IntArray

NO_PAIRS = "No latent has been rated by two raters yet, so that nothing can be compared."
ONE_PAIR = "Only one latent has been rated by two raters; agreement beyond chance needs at least two."
ALL_SAME = "Every rating is the same, so that agreement cannot be told from chance."
ALL_NEAR = "All answers given count as the same at this level, so that agreement cannot be told from chance."


def undefined_reason(codes: IntArray) -> str:
    """For the (units, raters) answers of the units with a pair: why there is no coefficient; empty if there is one."""
    if len(codes) == 0:
        return NO_PAIRS
    if len(codes) == 1:
        return ONE_PAIR
    if len(np.unique(codes[codes != MISSING])) < 2:
        return ALL_SAME
    return ""


def undefined_at(codes: IntArray, level: Level, distances: FloatArray | None, n_values: int) -> str:
    """The same, where given distances may call all answers that were given the same; ScienceError if they are none."""
    given = checked_distances(distances, level, n_values)
    reason = undefined_reason(codes)
    if reason or given is None:
        return reason
    used = np.unique(codes[codes != MISSING])
    return "" if given[np.ix_(used, used)].any() else ALL_NEAR
