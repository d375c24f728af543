"""The only language shared by the web side and the GPU side: frozen records and the names of files and tasks.

Standard library only, so that either side can import it without the other's dependencies.

Everything below lives under one artifact root that both sides can reach:

    corpora/<corpus digest>/documents.jsonl   by the web side, a JSON object a line: DOCUMENT_FIELDS
    saes/<key>/profile.parquet                what of its latents no corpus changes; the GPU side's own
    runs/<request digest>/progress.json       where the run is now, replaced atomically
    runs/<request digest>/latents.parquet     one row a latent, columns LATENT_COLUMNS
    runs/<request digest>/snippets.parquet    one row a snippet, columns SNIPPET_COLUMNS
    runs/<request digest>/tokens.safetensors  a draw of tokens with all their firings; the GPU side's own
    runs/<request digest>/manifest.json       written last: its presence means that the run is complete
    runs/<request digest>/failure.json        instead of a manifest: a sentence for the reader
    runs/<request digest>/cancel.json         by the web side: asks the workers to stop; taken away to go on
    matches/<a>/<b>.parquet                   latents of run b nearest to each latent of run a, columns MATCH_COLUMNS
    trials/<handle>/text                      by the web side, encrypted: a text to be tried
    trials/<handle>/answer                    by the GPU side, encrypted JSON: a TrialAnswer or a Failure
    scores/<digest>/question                  by the web side, encrypted JSON: a ScoreRequest
    scores/<digest>/answer.json               by the GPU side: a ScoreAnswer or a Failure, neither with any text
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

VERSION = 2
"""Raised when a record below changes its meaning; a reader refuses a version that it does not know."""

GPU_QUEUE = "gpu"
WEB_QUEUE = "web"
MINE_TASK = "saeserve.mine"
"""Takes keyword `requests`: MiningRequests as plain dicts that differ in their SAE only. They are mined in one pass
over the corpus, each into its own folder, as if each had been mined alone. Optional keyword `again`: true where shards
that were sent before may be lost and are to be sent once more; mining one twice does no harm."""
RUN_ENDED_TASK = "annotation.note_run_ended"
"""Sent to WEB_QUEUE with keyword `digest` when a run has left a manifest or a failure."""
MATCH_TASK = "saeserve.match"
"""Takes keywords `run` and `other`: digests of two finished runs of one model on one corpus. Matches both ways."""
MATCH_ENDED_TASK = "annotation.note_match_ended"
"""Sent to WEB_QUEUE with keywords `run` and `other` when both files of matches are there."""
TRY_TASK = "saeserve.try_text"
"""Takes keyword `trial`: a Trial as a plain dict. The text is no part of it."""
SCORE_TASK = "saeserve.score"
"""Takes keyword `digest`: of a ScoreRequest whose question lies there. What it asks about is no part of the message."""
SCORES_ENDED_TASK = "annotation.note_scores_ended"
"""Sent to WEB_QUEUE with keyword `digest` when an answer is there."""
TRY_PRIORITY, SCORE_PRIORITY, MINE_PRIORITY = 0, 4, 5
"""Message priorities on GPU_QUEUE, 0 first: a person waits for a trial, nobody for a shard. Scores are soon done."""

PROGRESS_FILE = "progress.json"
LATENTS_FILE = "latents.parquet"
SNIPPETS_FILE = "snippets.parquet"
MANIFEST_FILE = "manifest.json"
FAILURE_FILE = "failure.json"
CANCEL_FILE = "cancel.json"
TEXT_FILE, ANSWER_FILE = "text", "answer"
QUESTION_FILE, SCORES_FILE = "question", "answer.json"
EMBEDDING, JUDGE = "embedding", "judge"
SCORERS = {EMBEDDING: "embedding-1", JUDGE: "judge-1"}
"""Automatic scorers of rationales, by name, with the version of what they do. Raised when a judgement may change."""
DETECTION, FUZZING, INTRUDER = "detection", "fuzzing", "intruder"
SCORER_TASKS = {EMBEDDING: (DETECTION, FUZZING, INTRUDER), JUDGE: (DETECTION, FUZZING)}
"""What each scorer can be asked."""
TRIAL_SECONDS = 900
"""A trial's folder is deleted after so long, by whichever side comes first."""

DOCUMENT_FIELDS = ("id", "text", "specialty", "note_type", "patient")
"""id and text are required. patient is a pseudonym: documents that share one count as one witness and are reserved
together."""

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
    "flags": "list of FLAGS",
    "promoted": "list of {token, logit}, output tokens that its decoder direction raises most, strongest first; empty "
    "for an encoder",
    "suppressed": "the same for those that it lowers most",
    "neighbours": "list of {latent, cosine}, nearest decoder directions of the same SAE, nearest first",
    "coactivation": "list of {latent, tokens, lift, phi}, latents that fire on the same tokens, highest phi first; "
    "over the drawn tokens",
    "peak_tokens": "list of {token, firings, share, mean}, tokens of the vocabulary on which it fires, most firings "
    "first; share of its firings and mean activation over the drawn tokens",
    "specialties": "list of {name, firings, lift}, most firings first; lift over the latent's own density",
    "sections": "the same by the kind of section in which the token stands",
    "positions": "list of 10 ints, firings by tenth of the document",
}
DEAD, DENSE, SINGLE_TOKEN = "dead", "dense", "single-token"
FLAGS = (DEAD, DENSE, SINGLE_TOKEN)
"""dead: fires on no token. dense: density above DENSE_FROM. single-token: one token of the vocabulary has at least
SINGLE_TOKEN_FROM of its firings."""
DENSE_FROM, SINGLE_TOKEN_FROM = 0.1, 0.9
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
    "section": "header of the section in which the snippet begins, as written; empty if none",
    "context_start": "int, first character of the wider context, at a sentence or line border",
    "context_end": "int, one past its last",
    "mention": "bool, whether a foil of the hard kinds was chosen because it negates a word on which the latent peaks, "
    "or says it of a relative; runs of earlier programs have no such column",
}
MATCH_COLUMNS = {
    "latent": "int, index in run a",
    "other": "int, index in run b",
    "rank": "int, 0 is the best match of `latent`",
    "cosine": "float, of the decoder directions; null where the two SAEs write to different spaces",
    "correlation": "float, Pearson's r of the two activations over the tokens drawn in both runs; null where undefined",
    "tokens": "int, tokens on which both fire",
}


@dataclass(frozen=True, kw_only=True)
class MiningRequest:
    """What to mine. Two equal requests are the same run and share one artifact folder."""

    model: str
    """Folder of the language model in transformers format, absolute or relative to the artifact root."""
    sae: str
    """Folder or file of the SAE, absolute or relative to the artifact root."""
    corpus_digest: str
    """Names `corpora/<digest>/documents.jsonl`."""
    sae_options: dict[str, Any] = field(default_factory=dict)
    """What the SAE's files do not say: `hook_point`, `output_hook_point`, `norm_scaling_factor`, `l0`."""
    context_tokens: int = 255
    """Longest window of real tokens; longer documents are windowed."""
    overlap_tokens: int = 32
    """Tokens of the window before that a further window of a document begins with, as context: counted once."""
    sink_norm_multiple: float = 6.0
    """Tokens whose activation's norm is above so many times the median are attention sinks and left out."""
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
    shard_tokens: int = 16_384
    """About so many tokens make a shard, the unit of work that survives a killed worker. Changes no result."""
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
class ImportRequest:
    """A run whose files another tool's files were turned into, instead of a worker's. Two equal ones are the same run.

    It stands where a mining request stands, and no worker is ever asked for it.
    """

    tool: str
    """neuronpedia | saedashboard | delphi"""
    model: str
    sae: str
    """Names, as there is no folder of either."""
    corpus_digest: str
    """Of the text that came with the files."""
    files: dict[str, str]
    """File name to hex sha256 of what was read."""
    reserved_share: float
    top: int
    per_decile: int
    foils: int
    held_out: int
    seed: int
    """As in a mining request."""
    notes: list[str]
    """What the files do not say, in sentences."""
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "ImportRequest":
        return _read(cls, record)

    @property
    def digest(self) -> str:
        """Hex sha256 over the canonical JSON of every field: names the artifact folder."""
        return hashlib.sha256(canonical_json(self.to_dict()).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run is. `done` and `total` count tokens while mining, and steps elsewhere."""

    phase: str
    """loading | checking | mining | selecting | writing | finished | failed | cancelled"""
    done: int
    total: int
    tokens_per_second: float | None = None
    seconds_left: float | None = None
    """Estimate for the phase; None while nothing is known."""
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
    ce_ablated: float | None = None
    """The same with the mean activation in place of every activation: what there is to lose at that point."""
    declared: dict[str, float] = field(default_factory=dict)
    note: str = ""
    """A sentence where a figure is undefined, e.g. next-token cross-entropy of an encoder."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a finished run is: its request, the identities it rests on, and digests of its files."""

    request: dict[str, Any]
    model_name: str
    model_revision: str
    """Digest of the model's weights."""
    hook_point: str
    """In transformers' terms: a module path, e.g. model.layers.15, with `:input` where its input is meant."""
    output_hook_point: str
    """Where the SAE writes: the same, except for transcoders."""
    sae_digest: str
    sae_format: str
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
    drawn_tokens: int
    """Tokens on which co-activation, peak tokens and matches rest: all, or a uniform draw of a large corpus."""
    specialties: dict[str, int]
    """Tokens seen in each specialty."""
    sections: dict[str, int]
    """Tokens seen in each kind of section."""
    positions: list[int]
    """Tokens seen in each tenth of the documents."""
    lens: str
    """How promoted and suppressed tokens were read, with the layer; or why there are none."""
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


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Ask what fires on a text that lies encrypted under `trials/<handle>`."""

    handle: str
    """Random, hex; also the folder's name."""
    model: str
    sae: str
    sae_options: dict[str, Any] = field(default_factory=dict)
    dtype: str = "bfloat16"
    context_tokens: int = 255
    overlap_tokens: int = 32
    sink_norm_multiple: float = 6.0
    latent: int | None = None
    """Whose activation is wanted on every token; None asks only which latents fire most."""
    strongest: int = 12
    """So many latents are named."""
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Trial":
        return _read(cls, record)


@dataclass(frozen=True, kw_only=True)
class TrialAnswer:
    """What fires on a text."""

    tokens: list[dict[str, Any]]
    """{start, end, activation} of every token of the text in order, characters of the text; activation of
    `Trial.latent`, 0 where silent, null where the token was left out as an attention sink."""
    strongest: list[dict[str, Any]]
    """{latent, peak, firings, start, end}: highest activation, tokens on which it fires, and where the peak stands."""
    unit: str
    dtype: str
    seconds: float
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "TrialAnswer":
        return _read(cls, record)


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """Ask one scorer about rationales. It lies encrypted: label, rationale and snippets are text.

    Whether a snippet fires is no part of it, so that no scorer can look.
    """

    scorer: str
    """One of SCORERS."""
    scorer_version: str
    subject_model: str = ""
    """The language model whose latents these are, as in the mining request: no judge of its own."""
    detection: list[dict[str, Any]] = field(default_factory=list)
    """{trial, label, rationale, snippets: [{id, text}]}: which snippets does this fit? Half of them, by design."""
    fuzzing: list[dict[str, Any]] = field(default_factory=list)
    """The same with `marks`, [[start, end]] in characters, on each snippet: are these words meant? In half of them."""
    intruder: list[dict[str, Any]] = field(default_factory=list)
    """{trial, snippets: [{id, text}]}: which one does not belong to the others?"""
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "ScoreRequest":
        return _read(cls, record)

    @property
    def digest(self) -> str:
        """Hex sha256 over the canonical JSON of every field: names the folder. Asking the same again is asking once."""
        return hashlib.sha256(canonical_json(self.to_dict()).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ScoreAnswer:
    """What a scorer says, trial by trial in the order of the request."""

    scorer: str
    scorer_version: str
    model: str
    """What judged: name and digest of its weights, or name and host of an endpoint."""
    detection: list[dict[str, Any]] = field(default_factory=list)
    """{trial, judgements: [{snippet, said, number}]}; number: the higher, the likelier yes, comparable in a trial."""
    fuzzing: list[dict[str, Any]] = field(default_factory=list)
    intruder: list[dict[str, Any]] = field(default_factory=list)
    """{trial, said: id of the snippet that does not belong}."""
    seconds: float = 0.0
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "ScoreAnswer":
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
