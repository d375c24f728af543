"""Deciles of a latent's peak activation over the sample of its snippets, one snippet an owner."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saeserve.mining.keep import first_of_each, rank_within
from saeserve.mining.tally import Candidates

DECILES = 10
QUANTILES = np.arange(1, DECILES) / DECILES


@dataclass(frozen=True)
class Deciles:
    """Of the latents of a block, counted from its first."""

    edges: NDArray[np.float64]
    """[latent, 9] rising; infinite where `known` is not set."""
    known: NDArray[np.bool_]
    """[latent] whether it fired in any unreserved document."""

    def of(self, latents: NDArray[np.integer], peaks: NDArray[np.float32]) -> NDArray[np.int8]:
        """Decile, 0 the lowest, of each peak among those of its latent."""
        found: NDArray[np.int8] = (self.edges[latents] <= peaks[:, None]).sum(axis=1, dtype=np.int8)
        return found


def deciles(sample: Candidates, *, first: int, last: int, limit: int) -> Deciles:
    """sample: rows of the latents [first, last). limit: owners a latent that count.

    Linear between neighbouring values, as numpy's quantile is by default.
    """
    rows = np.flatnonzero(first_of_each(sample.latents, sample.owners))
    rows = rows[rank_within(sample.latents[rows]) < limit]
    latents, peaks = sample.latents[rows] - first, sample.peaks[rows].astype(np.float64)
    peaks = peaks[np.lexsort((peaks, latents))]
    counts = np.bincount(latents, minlength=last - first)
    known = counts > 0
    edges = np.full((last - first, DECILES - 1), np.inf)
    places = QUANTILES * (counts[known, None] - 1)
    lower = places.astype(np.int64)
    upper = np.minimum(lower + 1, counts[known, None] - 1)
    begin = (np.cumsum(counts) - counts)[known, None]
    below, above = peaks[begin + lower], peaks[begin + upper]
    edges[known] = (above - below) * (places - lower) + below
    return Deciles(edges, known)
