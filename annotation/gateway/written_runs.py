"""A run's files written on this side: for runs that were imported instead of mined. The manifest comes last."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotation.gateway.files import write_aside
from saeserve import contract
from saeserve.contract import Manifest

Row = dict[str, Any]
LOGIT = pa.struct([("token", pa.string()), ("logit", pa.float32())])
NEIGHBOUR = pa.struct([("latent", pa.int32()), ("cosine", pa.float32())])
COMPANION = pa.struct([("latent", pa.int32()), ("tokens", pa.int64()), ("lift", pa.float64()), ("phi", pa.float64())])
PEAK_TOKEN = pa.struct(
    [("token", pa.string()), ("firings", pa.int64()), ("share", pa.float64()), ("mean", pa.float64())]
)
WHERE = pa.struct([("name", pa.string()), ("firings", pa.int64()), ("lift", pa.float64())])
FIRING = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("activation", pa.float32())])
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
        ("promoted", pa.list_(LOGIT)),
        ("suppressed", pa.list_(LOGIT)),
        ("neighbours", pa.list_(NEIGHBOUR)),
        ("coactivation", pa.list_(COMPANION)),
        ("peak_tokens", pa.list_(PEAK_TOKEN)),
        ("specialties", pa.list_(WHERE)),
        ("sections", pa.list_(WHERE)),
        ("positions", pa.list_(pa.int64())),
    ]
)
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
        ("tokens", pa.list_(FIRING)),
        ("section", pa.string()),
        ("context_start", pa.int32()),
        ("context_end", pa.int32()),
        ("mention", pa.bool_()),
    ]
)
"""The types of the GPU side's own writers (tests/unit/test_written_runs.py holds them to it)."""
BATCH = 1_000
"""Latents a row group."""


def run_is_there(root: Path, run_digest: str) -> bool:
    return (root / "runs" / run_digest / contract.MANIFEST_FILE).exists()


def write_run(
    root: Path, run_digest: str, rows: Iterable[tuple[Row, list[Row]]], manifest: Callable[[dict[str, str]], Manifest]
) -> Manifest:
    """Write the run's folder: each latent's row and those of its snippets, then the manifest that `manifest` makes from
    the files' digests. Rows are taken as they come; memory does not grow with them."""
    folder = root / "runs" / run_digest
    folder.mkdir(parents=True, exist_ok=True)
    names = (contract.LATENTS_FILE, contract.SNIPPETS_FILE)
    aside = [folder / f".{name}-{os.getpid()}" for name in names]
    try:
        _write_tables(aside[0], aside[1], iter(rows))
        for path, name in zip(aside, names, strict=True):
            _flush(path)
            path.replace(folder / name)
    finally:
        for path in aside:
            path.unlink(missing_ok=True)
    made = manifest({name: _sha256(folder / name) for name in names})
    content = json.dumps(made.to_dict(), ensure_ascii=False, allow_nan=False) + "\n"
    write_aside(folder / contract.MANIFEST_FILE, [content.encode()])
    return made


def forget_run(root: Path, run_digest: str) -> None:
    """Delete a run's folder that nothing in the database knows."""
    shutil.rmtree(root / "runs" / run_digest, ignore_errors=True)


def _write_tables(latents: Path, snippets: Path, rows: Any) -> None:
    with (
        pq.ParquetWriter(latents, LATENTS, compression="zstd") as of_latents,
        pq.ParquetWriter(snippets, SNIPPETS, compression="zstd") as of_snippets,
    ):
        while batch := list(islice(rows, BATCH)):
            of_latents.write_table(pa.Table.from_pylist([latent for latent, _ in batch], schema=LATENTS))
            own = [snippet for _, found in batch for snippet in found]
            of_snippets.write_table(pa.Table.from_pylist(own, schema=SNIPPETS))


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    path.chmod(0o644)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
