"""The only language shared by the web side and the GPU side: frozen records and the names of files and tasks.

Standard library only, so that either side can import it without the other's dependencies.

Everything below lives under one artifact root that both sides can reach:

    corpora/<corpus digest>/documents.jsonl   by the web side, a JSON object a line: id, text, specialty, note_type
    runs/<request digest>/progress.json       where the run is now, replaced atomically
    runs/<request digest>/latents.parquet     one row a latent, columns LATENT_COLUMNS
    runs/<request digest>/snippets.parquet    one row a snippet, columns SNIPPET_COLUMNS
    runs/<request digest>/manifest.json       written last: its presence means that the run is complete
    runs/<request digest>/failure.json        instead of a manifest: a sentence for the reader
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

VERSION = 1
"""Raised when a record below changes its meaning; a reader refuses a version that it does not know."""

GPU_QUEUE = "gpu"
WEB_QUEUE = "web"
MINE_TASK = "saeserve.mine"
"""Takes keyword `request`: a MiningRequest as a plain dict."""
RUN_ENDED_TASK = "annotation.note_run_ended"
"""Sent to WEB_QUEUE with keyword `digest` when a run has left a manifest or a failure."""

PROGRESS_FILE = "progress.json"
LATENTS_FILE = "latents.parquet"
SNIPPETS_FILE = "snippets.parquet"
MANIFEST_FILE = "manifest.json"
FAILURE_FILE = "failure.json"

TOP, DECILE, FOIL_RANDOM, FOIL_HARD = "top", "decile", "foil-random", "foil-hard"
HELD_OUT, HELD_OUT_RANDOM, HELD_OUT_HARD = "held-out", "held-out-random", "held-out-hard"
SNIPPET_KINDS = (TOP, DECILE, FOIL_RANDOM, FOIL_HARD, HELD_OUT, HELD_OUT_RANDOM, HELD_OUT_HARD)
"""Held-out kinds come from documents reserved before the run and are never shown to a rater."""

LATENT_COLUMNS = {
    "index": "int, column of the SAE",
    "identity": "hex sha256 of the latent's weights, the encode configuration and the model revision",
    "firings": "int, tokens with activation > 0",
    "documents": "int, distinct unreserved documents in which it fires",
    "density": "float, firings / tokens seen",
    "max_activation": "float",
    "histogram": "list of int, firings in the log-spaced bins whose edges the manifest gives",
    "decile_edges": "list of 9 floats, activation deciles over firing snippets (empty if never fired)",
}
SNIPPET_COLUMNS = {
    "latent": "int, index of the latent",
    "kind": "one of SNIPPET_KINDS",
    "rank": "int, 0 is the strongest of its kind",
    "decile": "int 0 (weakest) to 9, or null for kinds that do not fire",
    "document": "id of the document",
    "start": "int, first character in the document's text",
    "end": "int, one past the last character",
    "peak": "float, highest activation in the snippet, 0 for foils",
    "tokens": "list of {start, end, activation}, firing tokens only, characters relative to `start` of the snippet",
}


@dataclass(frozen=True, kw_only=True)
class MiningRequest:
    """What to mine. Two equal requests are the same run and share one artifact folder."""

    model: str
    """Folder of the language model in transformers format, absolute or relative to the artifact root."""
    sae: str
    """Folder of the SAE, absolute or relative to the artifact root."""
    corpus_digest: str
    """Names `corpora/<digest>/documents.jsonl`."""
    context_tokens: int = 255
    """Longest window of real tokens; longer documents are windowed."""
    dtype: str = "bfloat16"
    """Dtype of the language model's forward pass; the SAE is encoded in float32."""
    reserved_share: float = 0.25
    """Share of documents, chosen by hash before the run, from which held-out snippets come."""
    top: int = 12
    """Snippets of kind `top` a latent."""
    per_decile: int = 1
    """Snippets of kind `decile` from each of the ten activation deciles."""
    foils: int = 6
    """Snippets of each foil kind a latent."""
    held_out: int = 10
    """Snippets of each held-out kind a latent."""
    shard_documents: int = 64
    """Documents in a shard: the unit of work that survives a killed worker."""
    seed: int = 20261122
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "MiningRequest":
        return _read(cls, record)

    @property
    def digest(self) -> str:
        """Hex sha256 over the canonical JSON of every field: names the artifact folder."""
        return hashlib.sha256(canonical_json(self.to_dict()).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run is. `done` and `total` count tokens while mining, and steps elsewhere."""

    phase: str
    """loading | checking | mining | selecting | writing | finished | failed"""
    done: int
    total: int
    tokens_per_second: float | None = None
    updated_at: float = 0.0
    """Seconds since the epoch, by the worker's clock."""
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Progress":
        return _read(cls, record)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """How well the SAE reconstructs a probe batch of this corpus, beside what its card declares."""

    tokens: int
    fve: float
    """Fraction of variance explained, 1 - SSE / SST."""
    l0: float
    """Mean number of firing latents a token."""
    dead_share: float
    """Share of latents that do not fire on the probe batch."""
    norm_ratio: float
    """Mean norm of the reconstruction over mean norm of the activation."""
    ce: float | None
    """Next-token cross-entropy of the model, nats; None for an encoder."""
    ce_with_sae: float | None
    declared: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a finished run is: its request, the identities it rests on, and digests of its files."""

    request: dict[str, Any]
    model_name: str
    model_revision: str
    """Digest of the model's weights."""
    hook_point: str
    """Module path in transformers, e.g. model.layers.15"""
    sae_digest: str
    sae_architecture: str
    sae_width: int
    unit: str
    """`raw` or `decoder-norm`: the unit of every activation in the run."""
    dtype: str
    documents: int
    reserved_documents: int
    duplicate_documents: int
    """Documents dropped because another one has nearly the same text."""
    tokens: int
    dropped_tokens: dict[str, int]
    """Tokens left out and why: {"position": n, "norm": n}."""
    histogram_edges: list[float]
    gate: dict[str, Any]
    files: dict[str, str]
    """File name to hex sha256."""
    software: dict[str, str]
    seconds: float
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Manifest":
        return _read(cls, record)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a run ended without a result."""

    sentence: str
    """For the researcher: what is wrong and what to do."""
    retry_helps: bool = False
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Failure":
        return _read(cls, record)


class UnknownVersion(ValueError):
    """The record was written by a newer program than the one reading it."""


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: the same value always gives the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _read(cls: type[T], record: dict[str, Any]) -> T:
    if record.get("version", VERSION) != VERSION:
        raise UnknownVersion(
            f"This {cls.__name__} has version {record.get('version')}, and this program reads version {VERSION}: "
            "update the older of the two sides."
        )
    return cls(**record)
