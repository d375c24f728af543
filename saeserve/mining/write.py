"""latents.parquet and snippets.parquet, with the columns that the contract names."""

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from saeserve.artifacts import write_atomically
from saeserve.mining.select import Chosen, Selector
from saeserve.mining.tally import Candidates, Tally

LATENT_BLOCK = 512
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
    ]
)


def write_latents(path: Path, tally: Tally, selector: Selector, identities: Sequence[str]) -> None:
    """One row a latent of the SAE, dead ones too."""
    counts = tally.counts
    tokens = max(1, int(counts.totals[0]))
    table = pa.table(
        {
            "index": pa.array(np.arange(len(identities)), pa.int32()),
            "identity": pa.array(identities, pa.string()),
            "firings": pa.array(counts.firings, pa.int64()),
            "documents": pa.array(counts.documents, pa.int64()),
            "density": pa.array(counts.firings / tokens, pa.float64()),
            "max_activation": pa.array(counts.maximum, pa.float32()),
            "histogram": pa.array(list(counts.histogram), pa.list_(pa.int64())),
            "decile_edges": pa.array(
                [selector.decile_edges(i) for i in range(len(identities))], pa.list_(pa.float64())
            ),
        }
    )
    write_atomically(path, lambda aside: pq.write_table(table, aside, compression="zstd"))


def write_snippets(path: Path, tally: Tally, selector: Selector, ids: Sequence[str]) -> int:
    """One row a chosen snippet, by latent and kind, written in blocks of latents. Returns the number of rows."""
    width, rows = len(tally.counts.firings), 0

    def fill(aside: Path) -> None:
        nonlocal rows
        with pq.ParquetWriter(aside, SNIPPETS, compression="zstd") as writer:
            for first in range(0, width, LATENT_BLOCK):
                chosen = Chosen()
                for latent in range(first, min(first + LATENT_BLOCK, width)):
                    selector.choose(latent, chosen)
                writer.write_table(_table(chosen, tally, selector, ids))
                rows += len(chosen.rows)

    write_atomically(path, fill)
    return rows


def _table(chosen: Chosen, tally: Tally, selector: Selector, ids: Sequence[str]) -> pa.Table:
    sources = np.array(chosen.sources, dtype=object)
    rows = np.array(chosen.rows, dtype=np.int64)
    places: dict[str, NDArray[Any]] = {name: np.zeros(len(rows), np.int32) for name in ("documents", "starts", "ends")}
    peaks = np.zeros(len(rows), np.float32)
    tokens: list[Any] = [[]] * len(rows)
    for source in ("top", "sample", "held", "pool"):
        at = np.nonzero(sources == source)[0]
        part = getattr(tally, source)
        for name, values in places.items():
            values[at] = getattr(part, name)[rows[at]]
        if source != "pool":
            peaks[at] = part.peaks[rows[at]]
            for place, spans in zip(at.tolist(), _tokens(part.take(rows[at])), strict=True):
                tokens[place] = spans
    return pa.table(
        {
            "latent": pa.array(chosen.latents, pa.int32()),
            "kind": pa.array(chosen.kinds, pa.string()),
            "rank": pa.array(chosen.ranks, pa.int32()),
            "decile": pa.array(_deciles(chosen, peaks, selector), pa.int8()),
            "document": pa.array([ids[document] for document in places["documents"].tolist()], pa.string()),
            "start": pa.array(places["starts"], pa.int32()),
            "end": pa.array(places["ends"], pa.int32()),
            "peak": pa.array(peaks, pa.float32()),
            "tokens": pa.array(tokens, pa.list_(TOKEN)),
        },
        schema=SNIPPETS,
    )


def _deciles(chosen: Chosen, peaks: NDArray[np.float32], selector: Selector) -> list[int | None]:
    """Decile of each firing snippet among its latent's unreserved ones; None for foils and where no edges are known."""
    edges = {latent: selector.decile_edges(latent) for latent in dict.fromkeys(chosen.latents)}
    return [
        bisect_right(edges[latent], peak) if source != "pool" and edges[latent] else None
        for latent, source, peak in zip(chosen.latents, chosen.sources, peaks.tolist(), strict=True)
    ]


def _tokens(candidates: Candidates) -> list[list[dict[str, Any]]]:
    """[row] firing tokens in text order. Pieces of one character share a span and become one entry, the strongest."""
    starts, ends = candidates.token_starts.tolist(), candidates.token_ends.tolist()
    values = candidates.token_values.tolist()
    result = []
    for first, count in zip(candidates.token_firsts.tolist(), candidates.token_counts.tolist(), strict=True):
        spans: dict[tuple[int, int], float] = {}
        for at in range(first, first + count):
            span = (starts[at], ends[at])
            spans[span] = max(values[at], spans.get(span, 0.0))
        result.append(
            [{"start": start, "end": end, "activation": value} for (start, end), value in sorted(spans.items())]
        )
    return result
