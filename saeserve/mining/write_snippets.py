"""snippets.parquet, with the columns that the contract names."""

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from saeserve.artifacts import write_atomically
from saeserve.mining.merge_files import Block, Merged
from saeserve.mining.select import Chosen, LatentRows, Selector
from saeserve.mining.snippet_table import SnippetTable
from saeserve.mining.tally import Candidates, ranges

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
    ]
)


def write_snippets(path: Path, merged: Merged, selector: Selector, table: SnippetTable, ids: Sequence[str]) -> int:
    """One row a chosen snippet, by latent and kind, written in blocks of latents. Returns the number of rows."""
    rows = 0

    def fill(aside: Path) -> None:
        nonlocal rows
        with pq.ParquetWriter(aside, SNIPPETS, compression="zstd") as writer:
            for block in merged.blocks():
                chosen = selector.choose(block)
                writer.write_table(_rows(chosen, block, merged, table, ids))
                rows += len(chosen.rows)

    write_atomically(path, fill)
    return rows


def _rows(chosen: Chosen, block: Block, merged: Merged, table: SnippetTable, ids: Sequence[str]) -> pa.Table:
    sources, rows = np.array(chosen.sources, dtype=object), np.array(chosen.rows, dtype=np.int64)
    snippets, peaks = np.zeros(len(rows), np.int32), np.zeros(len(rows), np.float32)
    tokens: list[Any] = [[]] * len(rows)
    for source in ("top", "sample", "held", "pool"):
        at = np.flatnonzero(sources == source)
        if source == "pool":
            snippets[at] = merged.pool.snippets[rows[at]]
        else:
            part: Candidates = getattr(block, source)
            snippets[at] = part.snippets[rows[at]]
            peaks[at] = part.peaks[rows[at]]
            for place, spans in zip(at.tolist(), _tokens(part, rows[at]), strict=True):
                tokens[place] = spans
    documents = np.searchsorted(table.firsts, snippets, side="right") - 1
    begin, end = table.contexts(snippets)
    headers = table.section_headers[table.sections_at(documents, table.starts[snippets])]
    return pa.table(
        {
            "latent": pa.array(chosen.latents, pa.int32()),
            "kind": pa.array(chosen.kinds, pa.string()),
            "rank": pa.array(chosen.ranks, pa.int32()),
            "decile": pa.array(_deciles(chosen, peaks, LatentRows(block, merged.limits.sample)), pa.int8()),
            "document": pa.array([ids[document] for document in documents.tolist()], pa.string()),
            "start": pa.array(table.starts[snippets], pa.int32()),
            "end": pa.array(table.ends[snippets], pa.int32()),
            "peak": pa.array(peaks, pa.float32()),
            "tokens": pa.array(tokens, pa.list_(TOKEN)),
            "section": pa.array([table.headers[header] for header in headers.tolist()], pa.string()),
            "context_start": pa.array(begin, pa.int32()),
            "context_end": pa.array(end, pa.int32()),
        },
        schema=SNIPPETS,
    )


def _deciles(chosen: Chosen, peaks: NDArray[np.float32], rows: LatentRows) -> list[int | None]:
    """Decile of each firing snippet among its latent's unreserved ones; None for foils and where no edges are known."""
    edges = {latent: rows.edges(latent) for latent in dict.fromkeys(chosen.latents)}
    return [
        bisect_right(edges[latent], peak) if source != "pool" and edges[latent] else None
        for latent, source, peak in zip(chosen.latents, chosen.sources, peaks.tolist(), strict=True)
    ]


def _tokens(candidates: Candidates, rows: NDArray[np.int64]) -> list[list[dict[str, Any]]]:
    """[row] firing tokens in text order. Pieces of one character share a span and become one entry, the strongest."""
    counts = candidates.token_counts[rows]
    at = ranges(candidates.token_firsts[rows], counts)
    starts, ends = candidates.token_starts[at].tolist(), candidates.token_ends[at].tolist()
    values, first, result = candidates.token_values[at].tolist(), 0, []
    for count in counts.tolist():
        spans: dict[tuple[int, int], float] = {}
        for place in range(first, first + count):
            span = (starts[place], ends[place])
            spans[span] = max(values[place], spans.get(span, 0.0))
        first += count
        result.append(
            [{"start": start, "end": end, "activation": value} for (start, end), value in sorted(spans.items())]
        )
    return result
