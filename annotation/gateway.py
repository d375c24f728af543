"""The only door to the GPU side: writes what it reads, reads what it writes, and speaks only saeserve.contract.

Files are the shared language: a corpus goes out as JSON Lines, a run comes back as Parquet and JSON.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from saeserve import contract
from saeserve.contract import Failure, Manifest, MiningRequest, Progress

GPU_QUEUE = contract.GPU_QUEUE
MINE_TASK = contract.MINE_TASK
RUN_ENDED_TASK = contract.RUN_ENDED_TASK

__all__ = [
    "GPU_QUEUE",
    "MINE_TASK",
    "RUN_ENDED_TASK",
    "Failure",
    "Manifest",
    "MiningRequest",
    "Progress",
    "UnreadableSae",
    "canonical_json",
    "latents",
    "outcome",
    "progress",
    "sae_facts",
    "snippets",
    "write_documents",
]

canonical_json = contract.canonical_json


class UnreadableSae(ValueError):
    """The SAE folder lacks what the site must know of it."""


def write_documents(root: Path, corpus_digest: str, documents: Iterable[dict[str, Any]]) -> Path:
    """Write `corpora/<digest>/documents.jsonl` aside and rename it: readers see all of it or nothing."""
    folder = root / "corpora" / corpus_digest
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "documents.jsonl"
    aside = folder / f".documents.{os.getpid()}"
    with aside.open("w", encoding="utf-8") as file:
        for document in documents:
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    aside.rename(target)
    return target


def progress(root: Path, run_digest: str) -> Progress | None:
    """Where the run is, or None if no worker has taken it up."""
    record = _read_json(_run(root, run_digest) / contract.PROGRESS_FILE)
    return Progress.from_dict(record) if record else None


def outcome(root: Path, run_digest: str) -> Manifest | Failure | None:
    """How the run ended, or None while it has not. A manifest outweighs an older failure."""
    folder = _run(root, run_digest)
    if record := _read_json(folder / contract.MANIFEST_FILE):
        return Manifest.from_dict(record)
    if record := _read_json(folder / contract.FAILURE_FILE):
        return Failure.from_dict(record)
    return None


def forget_failure(root: Path, run_digest: str) -> None:
    """Before a failed run is sent again."""
    (_run(root, run_digest) / contract.FAILURE_FILE).unlink(missing_ok=True)


def latents(root: Path, run_digest: str) -> Iterator[dict[str, Any]]:
    """Rows of latents.parquet, columns LATENT_COLUMNS, a batch at a time."""
    yield from _rows(_run(root, run_digest) / contract.LATENTS_FILE, None)


def snippets(root: Path, run_digest: str, indices: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Rows of snippets.parquet, columns SNIPPET_COLUMNS, of the latents named."""
    wanted = sorted(set(indices))
    yield from _rows(_run(root, run_digest) / contract.SNIPPETS_FILE, [("latent", "in", wanted)])


def sae_facts(folder: Path) -> dict[str, Any]:
    """What the site shows of an SAE in SAELens layout: hook_point, architecture, width, card.

    Raises UnreadableSae with a sentence. Weights are the GPU side's business.
    """
    config = _read_json(folder / "cfg.json")
    if not config:
        raise UnreadableSae(f"{folder} holds no cfg.json: name the folder of an SAE in SAELens layout.")
    try:
        metadata = config.get("metadata") or {}
        return {
            "hook_point": metadata.get("hf_hook_name") or metadata["hook_name"],
            "architecture": config["architecture"],
            "width": int(config["d_sae"]),
            "card": _read_json(folder / "card.json") or {},
        }
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableSae(f"The cfg.json of the SAE in {folder} lacks or spoils the entry {error}.") from error


def _run(root: Path, digest: str) -> Path:
    return root / "runs" / digest


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return record if isinstance(record, dict) else None


def _rows(path: Path, filters: list[Any] | None) -> Iterator[dict[str, Any]]:
    if filters is None:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=2_000):
            yield from batch.to_pylist()
        return
    yield from pq.read_table(path, filters=filters).to_pylist()
