"""From the firings of one shard to its tally."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saeserve.mining.firings import Firings
from saeserve.mining.hashing import mixed
from saeserve.mining.keep import Limits, drawn, look_alikes, pooled, rows_by, strongest
from saeserve.mining.sections import KINDS
from saeserve.mining.shard_snippets import TENTHS, ShardSnippets
from saeserve.mining.tally import Candidates, Counts, Pool, Tally, ranges
from saeserve.mining.token_draw import TokenDraw, draw_of


@dataclass(frozen=True)
class _Pairs:
    """One row for each latent and snippet in which it fires, sorted by latent, then by snippet."""

    latents: NDArray[np.int32]
    snippets: NDArray[np.int32]
    """Position in the shard."""
    peaks: NDArray[np.float32]
    firsts: NDArray[np.int64]
    """Position of the pair's first firing in `order`."""
    counts: NDArray[np.int32]
    order: NDArray[np.int64]
    """The firings by latent, snippet and token."""


def count(
    firings: Firings, snippets: ShardSnippets, *, width: int, edges: NDArray[np.float64], limits: Limits
) -> Tally:
    """Tally of one shard. `width`: number of latents. `edges`: of the histogram's bins, one more than bins."""
    pairs = _pairs(firings, len(snippets.documents))
    best = _best_of_document(pairs, snippets, reserved=False)
    top = strongest(_candidates(firings, snippets, pairs, best), limits.top)
    sample = _draw(firings, snippets, pairs, reserved=False, limit=limits.sample)
    held = _draw(firings, snippets, pairs, reserved=True, limit=limits.held)
    return Tally(
        counts=_counts(firings, snippets, pairs, best, width, edges),
        top=top,
        sample=sample,
        held=held,
        pool=pooled(_pool(snippets, pairs), look_alikes(top, held, limits.looks)),
        draw=draw_of(_tokens(firings, snippets), limits.draw),
    )


def _pairs(firings: Firings, snippets: int) -> _Pairs:
    """One sort of plain integers: latent and snippet above, the row below."""
    rows = len(firings.latents)
    bits = np.uint64(max(1, rows).bit_length())
    key = firings.latents.astype(np.uint64) * np.uint64(snippets) + firings.token_snippets[firings.tokens].astype(
        np.uint64
    )
    packed = np.sort(key << bits | np.arange(rows, dtype=np.uint64))
    order = (packed & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    key = packed >> bits
    new = np.ones(rows, bool)
    new[1:] = key[1:] != key[:-1]
    firsts = np.flatnonzero(new)
    values = firings.values[order]
    found = key[firsts].astype(np.int64)
    return _Pairs(
        latents=(found // max(1, snippets)).astype(np.int32),
        snippets=(found % max(1, snippets)).astype(np.int32),
        peaks=np.maximum.reduceat(values, firsts) if rows else values,
        firsts=firsts,
        counts=np.diff(firsts, append=rows).astype(np.int32),
        order=order,
    )


def _best_of_document(pairs: _Pairs, snippets: ShardSnippets, *, reserved: bool) -> NDArray[np.int64]:
    """Of each latent and document the pair with the highest peak, the earlier one of equals."""
    return _one_a_document(pairs, snippets, np.uint64(0xFFFFFFFF) - pairs.peaks.view(np.uint32), reserved=reserved)


def _draw(firings: Firings, snippets: ShardSnippets, pairs: _Pairs, *, reserved: bool, limit: int) -> Candidates:
    hashes = mixed(snippets.hashes[pairs.snippets], pairs.latents) >> np.uint64(32)
    rows = _one_a_document(pairs, snippets, hashes, reserved=reserved)
    return drawn(_candidates(firings, snippets, pairs, rows), limit)


def _one_a_document(
    pairs: _Pairs, snippets: ShardSnippets, costs: NDArray[np.uint64], *, reserved: bool
) -> NDArray[np.int64]:
    """Of each latent and document the pair of lowest 32-bit cost. A document's pairs are neighbours: no sort."""
    rows = np.flatnonzero(snippets.reserved[pairs.snippets] == reserved)
    if not len(rows):
        return rows
    owner = pairs.latents[rows].astype(np.int64) << 32 | snippets.documents[pairs.snippets[rows]]
    firsts = np.flatnonzero(np.diff(owner, prepend=-1))
    ranked = costs[rows] << np.uint64(32) | rows.astype(np.uint64)
    return (np.minimum.reduceat(ranked, firsts) & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _candidates(firings: Firings, snippets: ShardSnippets, pairs: _Pairs, rows: NDArray[np.int64]) -> Candidates:
    where = pairs.snippets[rows]
    tokens = pairs.order[ranges(pairs.firsts[rows], pairs.counts[rows])]
    places = firings.tokens[tokens]
    return Candidates(
        latents=pairs.latents[rows],
        snippets=snippets.numbers[where],
        owners=snippets.owners[where],
        groups=snippets.groups[where],
        hashes=mixed(snippets.hashes[where], pairs.latents[rows]),
        peaks=pairs.peaks[rows],
        token_counts=pairs.counts[rows],
        token_starts=firings.token_starts[places],
        token_ends=firings.token_ends[places],
        token_values=firings.values[tokens],
    )


def _counts(
    firings: Firings,
    snippets: ShardSnippets,
    pairs: _Pairs,
    best: NDArray[np.int64],
    width: int,
    edges: NDArray[np.float64],
) -> Counts:
    bins = len(edges) - 1
    places = np.clip(np.searchsorted(_not_below(edges), firings.values, side="right") - 1, 0, bins - 1)
    specialties = snippets.specialties[firings.token_snippets]
    maximum = np.zeros(width, np.float32)
    latents, firsts = np.unique(pairs.latents, return_index=True)
    if len(latents):
        maximum[latents] = np.maximum.reduceat(pairs.peaks, firsts)
    tables: dict[str, tuple[NDArray[np.integer], int]] = {
        "specialty": (specialties, snippets.specialty_count + 1),
        "section": (snippets.token_sections, len(KINDS)),
        "position": (snippets.token_tenths, TENTHS),
    }
    by = {name: _table(firings, of_token[firings.tokens], width, kinds) for name, (of_token, kinds) in tables.items()}
    seen = {name: np.bincount(of_token, minlength=kinds) for name, (of_token, kinds) in tables.items()}
    return Counts(
        firings=np.bincount(firings.latents, minlength=width).astype(np.int64),
        documents=np.bincount(pairs.latents[best], minlength=width).astype(np.int64),
        maximum=maximum,
        histogram=_table(firings, places, width, bins),
        specialties=by["specialty"],
        sections=by["section"],
        positions=by["position"],
        totals=np.array([firings.token_count, firings.dropped["position"], firings.dropped["norm"]], np.int64),
        specialty_tokens=seen["specialty"].astype(np.int64),
        section_tokens=seen["section"].astype(np.int64),
        position_tokens=seen["position"].astype(np.int64),
    )


def _not_below(edges: NDArray[np.float64]) -> NDArray[np.float32]:
    """The least float32 not below each edge: the same bins for float32 values, which then need not be widened."""
    narrow = edges.astype(np.float32)
    return np.where(narrow < edges, np.nextafter(narrow, np.float32(np.inf)), narrow)


def _table(firings: Firings, kinds: NDArray[np.integer], width: int, number: int) -> NDArray[np.int64]:
    """[latent, kind] firings, from the kind of each."""
    found = np.bincount(firings.latents.astype(np.int64) * number + kinds, minlength=width * number)
    return found.reshape(width, number).astype(np.int64, copy=False)


def _pool(snippets: ShardSnippets, pairs: _Pairs) -> Pool:
    """Every snippet of the shard with the latents that fire in it."""
    order = rows_by(pairs.snippets)
    return Pool(
        snippets=snippets.numbers,
        owners=snippets.owners,
        groups=snippets.groups,
        hashes=snippets.hashes,
        reserved=snippets.reserved,
        latent_counts=np.bincount(pairs.snippets, minlength=len(snippets.documents)).astype(np.int32),
        latents=pairs.latents[order],
    )


def _tokens(firings: Firings, snippets: ShardSnippets) -> TokenDraw:
    """Every token of the shard with its firings."""
    return TokenDraw(
        hashes=snippets.token_hashes,
        documents=snippets.documents[firings.token_snippets],
        positions=firings.token_positions,
        ids=firings.token_ids,
        counts=np.bincount(firings.tokens, minlength=firings.token_count).astype(np.int32),
        latents=firings.latents,
        values=firings.values,
    )
