"""Raw agreement: the share of rater pairs with the same answer, averaged over latents. Not corrected for chance."""

from annotation.science.agreement_undefined import NO_PAIRS
from annotation.science.bootstrap import bootstrap_interval
from annotation.science.rated_pairs import rated_pairs
from annotation.science.table import MISSING, RatingTable
from annotation.science.types import Estimate, Undefined
from annotation.science.weighted_alpha import mean_disagreement
from annotation.science.weighted_sums import weighted_sum

VERSION = "raw-2"


def raw_agreement(table: RatingTable, *, seed: int, replicates: int = 2000) -> Estimate | Undefined:
    """Mean over latents with at least two ratings of sum_k n_k (n_k - 1) / (n (n - 1)), with a unit bootstrap."""
    pairable = table.n_ratings >= 2
    codes = table.codes[pairable]
    if len(codes) == 0:
        return Undefined(NO_PAIRS)
    shares = 1.0 - mean_disagreement(rated_pairs(codes, len(table.values)), None)
    return Estimate(
        value=float(shares.mean()),
        interval=bootstrap_interval(
            len(codes),
            lambda weights: weighted_sum(weights, shares) / weights.sum(axis=1),
            seed=seed,
            replicates=replicates,
            cluster=table.cluster_of(pairable),
        ),
        n_units=len(codes),
        n_ratings=int((codes != MISSING).sum()),
        n_raters=int((codes != MISSING).any(axis=0).sum()),
        method="Raw agreement of pairs",
        level="nominal",
        seed=seed,
        replicates=replicates,
        version=VERSION,
    )
