"""snippets.parquet, with the columns that the contract names."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from saeserve.artifacts import write_atomically
from saeserve.mining.deciles import Deciles, deciles
from saeserve.mining.list_columns import struct_lists, texts
from saeserve.mining.merge_files import Block, Merged
from saeserve.mining.select import Chosen, Selector
from saeserve.mining.snippet_table import SnippetTable
from saeserve.mining.tally import Candidates, ranges

SOURCES = ("top", "sample", "held")
"""Lists of a block; foils come from the pool."""
TOKEN = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("activation", pa.float32())])
SNIPPETS = pa.schema(
    [
        ("latent", pa.int32()),
        ("kind", pa.string()),
        ("rank", pa.int32()),
        ("decile", pa.int8()),
        ("document", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("peak", pa.float32()),
        ("tokens", pa.list_(TOKEN)),
        ("section", pa.string()),
        ("context_start", pa.int32()),
        ("context_end", pa.int32()),
        ("mention", pa.bool_()),
    ]
)


def write_snippets(path: Path, merged: Merged, selector: Selector, table: SnippetTable, ids: Sequence[str]) -> int:
    """One row a chosen snippet, by latent and kind, written in blocks of latents. Returns the number of rows."""
    rows = 0

    def fill(aside: Path) -> None:
        nonlocal rows
        with pq.ParquetWriter(aside, SNIPPETS, compression="zstd") as writer:
            for block in merged.blocks():
                edges = deciles(block.sample, first=block.first, last=block.last, limit=merged.limits.sample)
                chosen = selector.choose(block, edges)
                writer.write_table(_rows(chosen, block, edges, merged, table, ids))
                rows += len(chosen.rows)

    write_atomically(path, fill)
    return rows


def _rows(
    chosen: Chosen, block: Block, edges: Deciles, merged: Merged, table: SnippetTable, ids: Sequence[str]
) -> pa.Table:
    counts, rows = np.array(chosen.counts, np.int64), np.array(chosen.rows, np.int64)
    run = np.repeat(np.arange(len(counts)), counts)
    latents, sources = np.array(chosen.latents, np.int32)[run], np.array(chosen.sources, np.str_)[run]
    snippets, peaks = np.zeros(len(rows), np.int32), np.zeros(len(rows), np.float32)
    for source in SOURCES:
        at, part = np.flatnonzero(sources == source), getattr(block, source)
        snippets[at], peaks[at] = part.snippets[rows[at]], part.peaks[rows[at]]
    foils = sources == "pool"
    snippets[foils] = merged.pool.snippets[rows[foils]]
    documents = np.searchsorted(table.firsts, snippets, side="right") - 1
    begin, end = table.contexts(snippets)
    headers = table.section_headers[table.sections_at(documents, table.starts[snippets])]
    of_block = latents - block.first
    return pa.table(
        {
            "latent": latents,
            "kind": texts(chosen.kinds, run),
            "rank": (np.arange(len(rows)) - (np.cumsum(counts) - counts)[run]).astype(np.int32),
            "decile": pa.array(edges.of(of_block, peaks), mask=foils | ~edges.known[of_block]),
            "document": _named(ids, documents),
            "start": table.starts[snippets],
            "end": table.ends[snippets],
            "peak": peaks,
            "tokens": _tokens(block, sources, rows),
            "section": _named(table.headers, headers),
            "context_start": begin,
            "context_end": end,
            "mention": chosen.mentions,
        },
        schema=SNIPPETS,
    )


def _named(names: Sequence[str], places: NDArray[np.integer]) -> pa.Array:
    """names[place] of every place; only those that occur are looked at."""
    known, at = np.unique(places, return_inverse=True)
    return texts([names[place] for place in known.tolist()], at)


def _tokens(block: Block, sources: NDArray[np.str_], rows: NDArray[np.int64]) -> pa.ListArray:
    """[row] firing tokens in text order. Pieces of one character share a span and become one entry, the strongest."""
    found = [_firing(getattr(block, source), np.flatnonzero(sources == source), rows) for source in SOURCES]
    of_row, starts, ends, values = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((ends, starts, of_row))
    of_row, starts, ends, values = (column[order] for column in (of_row, starts, ends, values))
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(of_row) != 0) | (np.diff(starts) != 0) | (np.diff(ends) != 0)
    firsts = np.flatnonzero(new)
    strongest = np.maximum.reduceat(values, firsts) if len(firsts) else values
    return struct_lists(
        np.bincount(of_row[firsts], minlength=len(rows)),
        {"start": starts[firsts], "end": ends[firsts], "activation": strongest},
    )


def _firing(
    part: Candidates, at: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Firing tokens of the rows that come from this list, which are those `at` these places of the result: (place,
    start, end, activation)."""
    counts = part.token_counts[rows[at]]
    tokens = ranges(part.token_firsts[rows[at]], counts)
    return np.repeat(at, counts), part.token_starts[tokens], part.token_ends[tokens], part.token_values[tokens]
