"""From the firings of one shard to its tally."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saeserve.mining.firings import Firings
from saeserve.mining.hashing import mixed
from saeserve.mining.keep import Limits, drawn, pooled, strongest
from saeserve.mining.tally import Candidates, Counts, Pool, Tally, ranges


@dataclass(frozen=True)
class ShardSnippets:
    """What is known of a shard's snippets besides their place, one entry a snippet."""

    documents: NDArray[np.int32]
    """Position of the document in the corpus."""
    reserved: NDArray[np.bool_]
    groups: NDArray[np.uint64]
    hashes: NDArray[np.uint64]


@dataclass(frozen=True)
class _Pairs:
    """One row for each latent and snippet in which it fires, sorted by latent, then by snippet."""

    latents: NDArray[np.int32]
    snippets: NDArray[np.int32]
    peaks: NDArray[np.float32]
    firsts: NDArray[np.int64]
    """Position of the pair's first firing in the sorted firings."""
    counts: NDArray[np.int32]


def count(
    firings: Firings, snippets: ShardSnippets, *, width: int, edges: NDArray[np.float64], limits: Limits
) -> Tally:
    """Tally of one shard. `width`: number of latents. `edges`: of the histogram's bins, one more than bins."""
    key = firings.latents.astype(np.int64) * len(snippets.documents) + firings.token_snippets[firings.tokens]
    order = np.argsort(key, kind="stable")
    pairs = _pairs(key[order], firings.values[order], len(snippets.documents))
    top = strongest(
        _candidates(firings, snippets, pairs, order, _best_of_document(pairs, snippets, reserved=False)), limits.top
    )
    sample = _draw(firings, snippets, pairs, order, reserved=False, limit=limits.sample)
    held = _draw(firings, snippets, pairs, order, reserved=True, limit=limits.held)
    return Tally(
        counts=_counts(firings, snippets, pairs, width, edges),
        top=top,
        sample=sample,
        held=held,
        pool=pooled(_pool(firings, snippets, pairs), top, held),
    )


def _pairs(key: NDArray[np.int64], values: NDArray[np.float32], snippets: int) -> _Pairs:
    firsts = np.nonzero(np.diff(key, prepend=-1))[0]
    counts = np.diff(firsts, append=len(key)).astype(np.int32)
    peaks = np.maximum.reduceat(values, firsts) if len(firsts) else values
    return _Pairs(
        (key[firsts] // snippets).astype(np.int32), (key[firsts] % snippets).astype(np.int32), peaks, firsts, counts
    )


def _best_of_document(pairs: _Pairs, snippets: ShardSnippets, *, reserved: bool) -> NDArray[np.int64]:
    """Of each latent and document the pair with the highest peak, the earlier one of equals."""
    return _one_a_document(pairs, snippets, np.uint64(0xFFFFFFFF) - pairs.peaks.view(np.uint32), reserved=reserved)


def _draw(
    firings: Firings, snippets: ShardSnippets, pairs: _Pairs, order: NDArray[np.int64], *, reserved: bool, limit: int
) -> Candidates:
    hashes = mixed(snippets.hashes[pairs.snippets], pairs.latents) >> np.uint64(32)
    rows = _one_a_document(pairs, snippets, hashes, reserved=reserved)
    return drawn(_candidates(firings, snippets, pairs, order, rows), limit)


def _one_a_document(
    pairs: _Pairs, snippets: ShardSnippets, costs: NDArray[np.uint64], *, reserved: bool
) -> NDArray[np.int64]:
    """Of each latent and document the pair of lowest 32-bit cost. A document's pairs are neighbours: no sort."""
    rows = np.nonzero(snippets.reserved[pairs.snippets] == reserved)[0]
    if not len(rows):
        return rows
    owner = pairs.latents[rows].astype(np.int64) << 32 | snippets.documents[pairs.snippets[rows]]
    firsts = np.nonzero(np.diff(owner, prepend=-1))[0]
    ranked = costs[rows] << np.uint64(32) | rows.astype(np.uint64)
    return (np.minimum.reduceat(ranked, firsts) & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _candidates(
    firings: Firings, snippets: ShardSnippets, pairs: _Pairs, order: NDArray[np.int64], rows: NDArray[np.int64]
) -> Candidates:
    where = pairs.snippets[rows]
    tokens = order[ranges(pairs.firsts[rows], pairs.counts[rows])]
    places = firings.tokens[tokens]
    return Candidates(
        latents=pairs.latents[rows],
        documents=snippets.documents[where],
        starts=firings.snippet_starts[where],
        ends=firings.snippet_ends[where],
        groups=snippets.groups[where],
        hashes=mixed(snippets.hashes[where], pairs.latents[rows]),
        peaks=pairs.peaks[rows],
        token_counts=pairs.counts[rows],
        token_starts=firings.token_starts[places],
        token_ends=firings.token_ends[places],
        token_values=firings.values[tokens],
    )


def _counts(firings: Firings, snippets: ShardSnippets, pairs: _Pairs, width: int, edges: NDArray[np.float64]) -> Counts:
    bins = len(edges) - 1
    places = np.clip(np.searchsorted(edges, firings.values, side="right") - 1, 0, bins - 1)
    histogram = np.bincount(firings.latents.astype(np.int64) * bins + places, minlength=width * bins)
    shown = _best_of_document(pairs, snippets, reserved=False)
    maximum = np.zeros(width, np.float32)
    np.maximum.at(maximum, pairs.latents, pairs.peaks)
    return Counts(
        firings=np.bincount(firings.latents, minlength=width).astype(np.int64),
        documents=np.bincount(pairs.latents[shown], minlength=width).astype(np.int64),
        maximum=maximum,
        histogram=histogram.reshape(width, bins).astype(np.int64),
        totals=np.array([firings.token_count, firings.dropped["position"], firings.dropped["norm"]], np.int64),
    )


def _pool(firings: Firings, snippets: ShardSnippets, pairs: _Pairs) -> Pool:
    """Every snippet of the shard with the latents that fire in it."""
    order = np.argsort(pairs.snippets, kind="stable")
    return Pool(
        documents=snippets.documents,
        starts=firings.snippet_starts,
        ends=firings.snippet_ends,
        groups=snippets.groups,
        hashes=snippets.hashes,
        reserved=snippets.reserved,
        latent_counts=np.bincount(pairs.snippets, minlength=len(snippets.documents)).astype(np.int32),
        latents=pairs.latents[order],
    )
