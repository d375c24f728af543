"""One mining run from request to manifest."""

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saeserve.artifacts import file_digest, read_json, write_json
from saeserve.contract import (
    FAILURE_FILE,
    LATENTS_FILE,
    MANIFEST_FILE,
    SNIPPETS_FILE,
    Failure,
    Gate,
    Manifest,
    MiningRequest,
    Progress,
)
from saeserve.documents import BadCorpus, read_documents
from saeserve.fit import Fit, load_fit
from saeserve.gate import check_gate
from saeserve.identity import latent_identities
from saeserve.mining.attempts import begin_attempt
from saeserve.mining.count import count
from saeserve.mining.firings import fire
from saeserve.mining.hashing import snippet_hash
from saeserve.mining.index import CorpusIndex, index_corpus
from saeserve.mining.keep import Limits
from saeserve.mining.lock import sole_worker
from saeserve.mining.merge import merge
from saeserve.mining.progress import Reporter, Watch
from saeserve.mining.select import Selector
from saeserve.mining.shards import Shard, shard_snippets, shards
from saeserve.mining.tally import Tally, load_tally, save_tally
from saeserve.mining.unfinished import REQUEST_FILE
from saeserve.mining.words import read_words
from saeserve.mining.write import write_latents, write_snippets
from saeserve.probe import PROBE_DOCUMENTS, Probe, probe
from saeserve.refusal import Refusal
from saeserve.sinks import Sinks

PROBE_FILE = "probe.json"
MERGE_AT_ONCE = 8


def quiet(_progress: Progress) -> None:
    """Watches nothing."""


def mine(request: MiningRequest, *, root: Path, device: str = "cpu", watch: Watch = quiet) -> Manifest:
    """Mine, or continue a run that was interrupted, or return what an earlier run left.

    Raises AlreadyMining where another worker has the run, and a Refusal, after writing its sentence to failure.json,
    where the input cannot be used.
    """
    folder = run_folder(root, request)
    with sole_worker(folder):
        if (folder / MANIFEST_FILE).is_file():
            return Manifest.from_dict(read_json(folder / MANIFEST_FILE))
        (folder / FAILURE_FILE).unlink(missing_ok=True)
        write_json(folder / REQUEST_FILE, request.to_dict())
        reporter = Reporter(folder, watch)
        try:
            begin_attempt(folder)
            return Run(request, root, folder, device, reporter).finish()
        except Refusal as refusal:
            _fail(folder, reporter, Failure(sentence=str(refusal), retry_helps=refusal.retry_helps))
            raise
        except Exception as error:
            sentence = (
                f"Mining stopped at an error of the program ({type(error).__name__}); the worker's log has the details."
            )
            _fail(folder, reporter, Failure(sentence=sentence, retry_helps=True))
            raise


def run_folder(root: Path, request: MiningRequest) -> Path:
    return root / "runs" / request.digest


def corpus_file(root: Path, request: MiningRequest) -> Path:
    return root / "corpora" / request.corpus_digest / "documents.jsonl"


def _fail(folder: Path, reporter: Reporter, failure: Failure) -> None:
    reporter.report("failed", 1, 1)
    write_json(folder / FAILURE_FILE, failure.to_dict())


@dataclass(frozen=True)
class Run:
    """One request in hand: the steps of mining, in order."""

    request: MiningRequest
    root: Path
    folder: Path
    device: str
    reporter: Reporter

    def finish(self) -> Manifest:
        started = time.monotonic()
        self.reporter.report("loading", 0, 1)
        corpus = corpus_file(self.root, self.request)
        if not corpus.is_file():
            raise BadCorpus(f"The corpus {self.request.corpus_digest} has no documents.jsonl; import it again.")
        index = index_corpus(corpus, reserved_share=self.request.reserved_share, seed=self.request.seed)
        fit = load_fit(
            self.root / self.request.model, self.root / self.request.sae, dtype=self.request.dtype, device=self.device
        )
        found = self.probe(fit, corpus, index)
        tally = self.tally(fit, corpus, index, found)
        self.write(fit, corpus, index, tally)
        manifest = self._manifest(fit, index, found, tally, time.monotonic() - started)
        self.reporter.report("finished", 1, 1)
        write_json(self.folder / MANIFEST_FILE, manifest.to_dict(), indent=1)
        shutil.rmtree(self.folder / "shards", ignore_errors=True)
        return manifest

    def probe(self, fit: Fit, corpus: Path, index: CorpusIndex) -> Probe:
        """Measure the probe batch, or read what was measured before an interruption."""
        file = self.folder / PROBE_FILE
        self.reporter.report("checking", 0, 1)
        if file.is_file():
            kept = read_json(file)
            return Probe(Sinks(kept["sink_norm"]), np.array(kept["edges"]), Gate(**kept["gate"]))
        texts = probe_texts(corpus, index, seed=self.request.seed)
        found = probe(
            fit.model, fit.path, fit.sae.coder, texts, context_tokens=self.request.context_tokens, declared=fit.declared
        )
        check_gate(found.gate)
        record = {"sink_norm": found.sinks.limit, "edges": found.edges.tolist(), "gate": asdict(found.gate)}
        write_json(file, record)
        return found

    def tally(self, fit: Fit, corpus: Path, index: CorpusIndex, found: Probe) -> Tally:
        """Every shard once, then all merged."""
        counter = _Counter(self.reporter, int(index.characters[index.mined].sum()))
        files = []
        for shard in shards(read_documents(corpus), index, shard_documents=self.request.shard_documents):
            file = shard.file(self.folder)
            if not file.is_file():
                save_tally(self._mine_shard(fit, shard, index, found, counter.add), file)
            counter.end_shard(shard, file)
            files.append(file)
        return merge_files(
            files, Limits.of(self.request), lambda done: self.reporter.report("selecting", done, 2 * len(files))
        )

    def _mine_shard(
        self, fit: Fit, shard: Shard, index: CorpusIndex, found: Probe, on_batch: Callable[[int], None]
    ) -> Tally:
        firings = fire(
            fit.model,
            fit.path,
            fit.sae.coder,
            found.sinks,
            shard.documents,
            context_tokens=self.request.context_tokens,
            on_batch=on_batch,
        )
        snippets = shard_snippets(shard, firings, index, seed=self.request.seed)
        return count(firings, snippets, width=fit.sae.coder.width, edges=found.edges, limits=Limits.of(self.request))

    def write(self, fit: Fit, corpus: Path, index: CorpusIndex, tally: Tally) -> None:
        """Choose every latent's snippets and write both tables."""
        words, peak_words = read_words(read_documents(corpus), tally.pool, tally.top)
        decoder = fit.sae.coder.decoder
        selector = Selector(self.request, tally, decoder, words, peak_words, index.specialties)
        identities = latent_identities(fit.sae, model_revision=fit.model.revision, hook_point=fit.path)
        self.reporter.report("writing", 0, 2)
        write_snippets(self.folder / SNIPPETS_FILE, tally, selector, index.ids)
        self.reporter.report("writing", 1, 2)
        write_latents(self.folder / LATENTS_FILE, tally, selector, identities)

    def _manifest(self, fit: Fit, index: CorpusIndex, found: Probe, tally: Tally, seconds: float) -> Manifest:
        encoded, position, norm = tally.counts.totals.tolist()
        return Manifest(
            request=self.request.to_dict(),
            model_name=fit.model.name,
            model_revision=fit.model.revision,
            hook_point=fit.path,
            sae_digest=fit.sae_digest,
            sae_architecture=fit.sae.coder.architecture,
            sae_width=fit.sae.coder.width,
            unit=fit.sae.coder.unit,
            dtype=fit.model.dtype,
            documents=int(index.mined.sum()),
            reserved_documents=int((index.mined & index.reserved).sum()),
            duplicate_documents=int(index.duplicate.sum()),
            tokens=encoded,
            dropped_tokens={"position": position, "norm": norm},
            histogram_edges=found.edges.tolist(),
            gate=asdict(found.gate),
            files={name: file_digest(self.folder / name) for name in (LATENTS_FILE, SNIPPETS_FILE)},
            software={name: version(name) for name in ("torch", "transformers", "safetensors", "numpy", "pyarrow")},
            seconds=seconds,
        )


class _Counter:
    """Tokens done, and an estimate of all from the characters that are left."""

    def __init__(self, reporter: Reporter, characters: int) -> None:
        self._reporter, self._left = reporter, characters
        self._done, self._before, self._seen = 0, 0, 0
        self._total = characters // 4
        reporter.report("mining", 0, self._total)

    def add(self, tokens: int) -> None:
        self._done += tokens
        self._reporter.report("mining", self._done, max(self._total, self._done + 1))

    def end_shard(self, shard: Shard, file: Path) -> None:
        """Count a shard, mined now or earlier, exactly."""
        encoded, _, norm = load_totals(file)
        self._before += encoded + norm
        self._seen += shard.characters
        self._left -= shard.characters
        self._done = self._before
        self._total = self._done + round(self._left * self._before / max(1, self._seen))
        self._reporter.report("mining", self._done, self._total)


def load_totals(file: Path) -> tuple[int, int, int]:
    encoded, position, norm = load_tally(file).counts.totals.tolist()
    return encoded, position, norm


def probe_texts(corpus: Path, index: CorpusIndex, *, seed: int) -> list[str]:
    """Texts of the documents with the lowest hashes, in that order: a random draw that any worker repeats."""
    hashes: NDArray[np.uint64] = np.array([snippet_hash(seed, identity, -1) for identity in index.ids], np.uint64)
    mined = np.nonzero(index.mined)[0]
    wanted = mined[np.argsort(hashes[mined], kind="stable")[:PROBE_DOCUMENTS]].tolist()
    texts = {place: document.text for place, document in enumerate(read_documents(corpus)) if place in set(wanted)}
    return [texts[place] for place in wanted]


def merge_files(files: list[Path], limits: Limits, on_file: Callable[[int], None]) -> Tally:
    """All shards' tallies as one, a few in memory at a time."""
    held: list[Tally] = []
    for done, file in enumerate(files, start=1):
        held.append(load_tally(file))
        if len(held) == MERGE_AT_ONCE:
            held = [merge(held, limits)]
        on_file(done)
    return merge(held, limits)
