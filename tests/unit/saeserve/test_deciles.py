"""Deciles of peaks against numpy's quantile, and where peaks fall among them."""

from bisect import bisect_right

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from saeserve.mining.deciles import QUANTILES, deciles
from saeserve.mining.tally import Candidates

FIRST, LAST = 10, 14
ROWS = st.lists(
    st.tuples(st.integers(FIRST, LAST - 1), st.integers(0, 6), st.floats(0.125, 50, width=32)), max_size=60
).map(lambda rows: sorted(rows, key=lambda row: row[0]))


def sample(rows: list[tuple[int, int, float]]) -> Candidates:
    """rows: latent, owner, peak."""
    whole = np.arange(len(rows), dtype=np.int32)
    peaks = np.array([peak for _, _, peak in rows], np.float32)
    return Candidates(
        latents=np.array([latent for latent, _, _ in rows], np.int32),
        snippets=whole,
        owners=np.array([owner for _, owner, _ in rows], np.int32),
        groups=whole,
        hashes=whole.astype(np.uint64),
        peaks=peaks,
        token_counts=np.ones(len(rows), np.int32),
        token_starts=whole,
        token_ends=whole + 1,
        token_values=peaks,
    )


@settings(deadline=None, max_examples=200)
@given(ROWS, st.integers(1, 8))
def test_edges_are_the_quantiles_of_the_first_peak_of_each_owner(
    rows: list[tuple[int, int, float]], limit: int
) -> None:
    candidates = sample(rows)
    found = deciles(candidates, first=FIRST, last=LAST, limit=limit)
    for latent in range(FIRST, LAST):
        firsts: dict[int, float] = {}
        for row in np.flatnonzero(candidates.latents == latent):
            firsts.setdefault(int(candidates.owners[row]), float(candidates.peaks[row]))
        peaks = sorted(list(firsts.values())[:limit])
        assert found.known[latent - FIRST] == bool(peaks)
        if peaks:
            exact = np.interp(QUANTILES * (len(peaks) - 1), np.arange(len(peaks)), peaks)
            assert found.edges[latent - FIRST].tolist() == exact.tolist()
            np.testing.assert_allclose(exact, np.quantile(peaks, QUANTILES))
        for row in np.flatnonzero(candidates.latents == latent):
            peak = candidates.peaks[[row]]
            wanted = bisect_right(found.edges[latent - FIRST].tolist(), float(peak[0])) if peaks else 0
            assert found.of(np.array([latent - FIRST]), peak).tolist() == [wanted]
