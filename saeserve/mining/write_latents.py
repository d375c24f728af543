"""latents.parquet, with the columns that the contract names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from saeserve.artifacts import write_atomically
from saeserve.contract import DEAD, DENSE, DENSE_FROM, SINGLE_TOKEN, SINGLE_TOKEN_FROM
from saeserve.mining.coactivation import Coactivation
from saeserve.mining.deciles import deciles
from saeserve.mining.list_columns import struct_lists, texts, value_lists
from saeserve.mining.merge_files import Block, Merged
from saeserve.mining.peak_tokens import PeakTokens
from saeserve.mining.sae_profile import LOGITS, NEIGHBOURS, PROFILE, SaeProfile
from saeserve.mining.sections import KINDS
from saeserve.mining.where import where
from saeserve.token_strings import token_strings

COACTIVATION = pa.list_(
    pa.struct([("latent", pa.int32()), ("tokens", pa.int64()), ("lift", pa.float64()), ("phi", pa.float64())])
)
TOKENS = pa.list_(
    pa.struct([("token", pa.string()), ("firings", pa.int64()), ("share", pa.float64()), ("mean", pa.float64())])
)
WHERE = pa.list_(pa.struct([("name", pa.string()), ("firings", pa.int64()), ("lift", pa.float64())]))
LATENTS = pa.schema(
    [
        ("index", pa.int32()),
        ("identity", pa.string()),
        ("firings", pa.int64()),
        ("documents", pa.int64()),
        ("density", pa.float64()),
        ("max_activation", pa.float32()),
        ("histogram", pa.list_(pa.int64())),
        ("decile_edges", pa.list_(pa.float64())),
        ("flags", pa.list_(pa.string())),
        ("promoted", LOGITS),
        ("suppressed", LOGITS),
        ("neighbours", NEIGHBOURS),
        ("coactivation", COACTIVATION),
        ("peak_tokens", TOKENS),
        ("specialties", WHERE),
        ("sections", WHERE),
        ("positions", pa.list_(pa.int64())),
    ]
)


@dataclass(frozen=True)
class Profile:
    """What is known of latents besides their counts and candidates."""

    sae: SaeProfile
    coactivation: Coactivation
    peak_tokens: PeakTokens
    specialty_names: Sequence[str]
    tokenizer: Any


def write_latents(path: Path, merged: Merged, profile: Profile) -> None:
    """One row a latent of the SAE, dead ones too, written in blocks of latents."""

    def fill(aside: Path) -> None:
        with pq.ParquetWriter(aside, LATENTS, compression="zstd") as writer:
            for block in merged.blocks():
                writer.write_table(pa.table(_columns(block, merged, profile), schema=LATENTS))

    write_atomically(path, fill)


def _columns(block: Block, merged: Merged, profile: Profile) -> dict[str, Any]:
    counts, part = merged.counts, slice(block.first, block.last)
    edges = deciles(block.sample, first=block.first, last=block.last, limit=merged.limits.sample)
    density = counts.firings[part] / max(1, int(counts.totals[0]))
    single = profile.peak_tokens.single_token(SINGLE_TOKEN_FROM, merged.width)[part]
    of_sae = profile.sae.latents.slice(block.first, block.last - block.first)
    return {
        "index": np.arange(block.first, block.last, dtype=np.int32),
        **{name: of_sae.column(name) for name in PROFILE.names},
        "firings": counts.firings[part],
        "documents": counts.documents[part],
        "density": density,
        "max_activation": counts.maximum[part],
        "histogram": _each_row(counts.histogram[part]),
        "decile_edges": value_lists(edges.known * edges.edges.shape[1], edges.edges[edges.known].reshape(-1)),
        "flags": _flags(counts.firings[part], density, single),
        "coactivation": _coactivation(profile.coactivation, part),
        "peak_tokens": _peak_tokens(profile, part),
        "specialties": where(counts.specialties[part], counts.specialty_tokens, ["", *profile.specialty_names]),
        "sections": where(counts.sections[part], counts.section_tokens, KINDS),
        "positions": _each_row(counts.positions[part]),
    }


def _flags(firings: NDArray[np.int64], density: NDArray[np.float64], single: NDArray[np.bool_]) -> list[list[str]]:
    marks = zip((firings == 0).tolist(), (density > DENSE_FROM).tolist(), single.tolist(), strict=True)
    return [[flag for flag, holds in zip((DEAD, DENSE, SINGLE_TOKEN), row, strict=True) if holds] for row in marks]


def _each_row(table: NDArray[np.int64]) -> pa.ListArray:
    return value_lists(np.full(len(table), table.shape[1]), np.ascontiguousarray(table).reshape(-1))


def _coactivation(found: Coactivation, part: slice) -> pa.ListArray:
    rows, counts = _of_latents(found.latents, part)
    columns: dict[str, NDArray[Any]] = {
        "latent": found.others,
        "tokens": found.tokens,
        "lift": found.lift,
        "phi": found.phi,
    }
    return struct_lists(counts, {name: values[rows] for name, values in columns.items()})


def _peak_tokens(profile: Profile, part: slice) -> pa.ListArray:
    found = profile.peak_tokens
    rows, counts = _of_latents(found.latents, part)
    known, at = np.unique(found.ids[rows], return_inverse=True)
    names = texts(token_strings(profile.tokenizer, known.tolist()) if len(known) else [], at)
    columns: dict[str, NDArray[Any]] = {"firings": found.firings, "share": found.shares, "mean": found.means}
    return struct_lists(counts, {"token": names, **{name: values[rows] for name, values in columns.items()}})


def _of_latents(latents: NDArray[np.int32], part: slice) -> tuple[slice, NDArray[np.int64]]:
    """Rows of the latents of a part, and [latent] how many each has; `latents` is sorted."""
    borders = np.searchsorted(latents, np.arange(part.start, part.stop + 1))
    return slice(int(borders[0]), int(borders[-1])), np.diff(borders)
