"""Raw agreement: the share of rater pairs with the same answer, averaged over latents. Not corrected for chance."""

import numpy as np

from annotation.science.alpha import undefined_reason
from annotation.science.bootstrap import bootstrap_interval
from annotation.science.table import RatingTable
from annotation.science.types import Estimate, FloatArray, Undefined

VERSION = "raw-1"


def raw_agreement(table: RatingTable, *, seed: int, replicates: int = 2000) -> Estimate | Undefined:
    """Mean over latents with at least two ratings of sum_k n_k (n_k - 1) / (n (n - 1)), with a unit bootstrap."""
    counts = table.counts
    pairable = counts.sum(axis=1) >= 2
    counts = counts[pairable]
    if len(counts) == 0:
        return Undefined(undefined_reason(counts))
    shares = agreeing_pairs(counts)
    return Estimate(
        value=float(shares.mean()),
        interval=bootstrap_interval(
            len(counts), lambda weights: weights @ shares / len(shares), seed=seed, replicates=replicates
        ),
        n_units=len(counts),
        n_ratings=int(counts.sum()),
        n_raters=int((table.codes[pairable] >= 0).any(axis=0).sum()),
        method="Raw agreement of pairs",
        level="nominal",
        seed=seed,
        replicates=replicates,
        version=VERSION,
    )


def agreeing_pairs(counts: FloatArray) -> FloatArray:
    """(units,): share of ordered rater pairs with the same value. `counts` (units, values), at least two a unit."""
    ratings = counts.sum(axis=1)
    return np.asarray((counts * (counts - 1)).sum(axis=1) / (ratings * (ratings - 1)), dtype=np.float64)
