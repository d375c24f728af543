"""A run's files: how far it is, how it ended, what it left, and the wish that it stop."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from annotation.gateway.files import read_json, write_aside
from saeserve import contract
from saeserve.contract import Failure, Manifest, MiningRequest, Progress, UnknownVersion


def up_to_date(request: Mapping[str, Any]) -> MiningRequest:
    """The same wish in this program's version: what it knows no more is left out, what is new has its default."""
    known = {field.name for field in fields(MiningRequest)} - {"version"}
    return MiningRequest(**{name: value for name, value in request.items() if name in known})


def progress(root: Path, run_digest: str) -> Progress | None:
    """Where the run is, or None if no worker has taken it up, or one of another version did."""
    record = read_json(_run(root, run_digest) / contract.PROGRESS_FILE)
    try:
        return Progress.from_dict(record) if record else None
    except (UnknownVersion, TypeError):
        return None


def outcome(root: Path, run_digest: str) -> Manifest | Failure | None:
    """How the run ended, or None while it has not. A manifest outweighs an older failure."""
    folder = _run(root, run_digest)
    try:
        if record := read_json(folder / contract.MANIFEST_FILE):
            return Manifest.from_dict(record)
        if record := read_json(folder / contract.FAILURE_FILE):
            return Failure.from_dict(record)
    except (UnknownVersion, TypeError) as error:
        return Failure(sentence=f"What the worker left cannot be read. {error}")
    return None


def forget_failure(root: Path, run_digest: str) -> None:
    """Before a failed run is sent again."""
    (_run(root, run_digest) / contract.FAILURE_FILE).unlink(missing_ok=True)


def ask_to_stop(root: Path, run_digest: str) -> None:
    """Leave the file that tells the workers to stop this run; what they have mined stays."""
    write_aside(_run(root, run_digest) / contract.CANCEL_FILE, [b"{}\n"])


def forget_stop(root: Path, run_digest: str) -> None:
    """Before a cancelled run is sent again."""
    (_run(root, run_digest) / contract.CANCEL_FILE).unlink(missing_ok=True)


def latents(root: Path, run_digest: str) -> Iterator[dict[str, Any]]:
    """Rows of latents.parquet, columns LATENT_COLUMNS, a batch at a time."""
    yield from _rows(_run(root, run_digest) / contract.LATENTS_FILE)


def snippets(root: Path, run_digest: str, indices: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Rows of snippets.parquet, columns SNIPPET_COLUMNS, of the latents named."""
    path = _run(root, run_digest) / contract.SNIPPETS_FILE
    yield from pq.read_table(path, filters=[("latent", "in", sorted(set(indices)))]).to_pylist()


def matches_are_there(root: Path, run_digest: str, other_digest: str) -> bool:
    """Whether the matches of both directions have been left."""
    return _matches(root, run_digest, other_digest).exists() and _matches(root, other_digest, run_digest).exists()


def matches(root: Path, run_digest: str, other_digest: str) -> Iterator[dict[str, Any]]:
    """Rows of matches/<run>/<other>.parquet, columns MATCH_COLUMNS, a batch at a time."""
    yield from _rows(_matches(root, run_digest, other_digest))


def _run(root: Path, digest: str) -> Path:
    return root / "runs" / digest


def _matches(root: Path, run_digest: str, other_digest: str) -> Path:
    return root / "matches" / run_digest / f"{other_digest}.parquet"


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=2_000):
            yield from batch.to_pylist()
