"""A shard's pass with several runs listening, and how each run's part of it becomes a tally."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from saeserve.documents import read_documents_at
from saeserve.mining.capture_shard import Listener, ShardPass, snippets_of
from saeserve.mining.count import count
from saeserve.mining.firings import Firings
from saeserve.mining.folders import corpus_file
from saeserve.mining.keep import Limits
from saeserve.mining.open_run import OpenRun, Worker, each
from saeserve.mining.plan import Plan, Shard
from saeserve.mining.plan_files import plan_folder, read_plan
from saeserve.mining.prepared import Prepared
from saeserve.mining.shard_snippets import shard_snippets
from saeserve.mining.tally import save_tally


@dataclass
class SharedPass:
    """Begun, and perhaps half way through."""

    plan: Plan
    shard: Shard
    listeners: dict[str, Listener]
    """By digest of the run."""
    batches: Iterator[int]
    forward: ShardPass
    tokens: int = 0
    """Done so far."""

    def step(self) -> bool:
        """Run one more batch; False where there is none."""
        done = next(self.batches, None)
        self.tokens += done or 0
        return done is not None

    def save(self, runs: Sequence[OpenRun], prepared: dict[str, Prepared]) -> None:
        """Write the tally of each run; all of them are among the listeners."""
        firings = dict(zip(self.listeners, self.forward.firings(), strict=True))
        each(runs, lambda run: self._save(run, prepared[run.folder.digest], firings.pop(run.folder.digest)))

    def _save(self, run: OpenRun, prepared: Prepared, firings: Firings) -> None:
        index = self.plan.index
        facts = shard_snippets(firings, self.shard.documents, index.facts, index.snippets)
        width = self.listeners[run.folder.digest].fit.sae.coder.width
        limits = limits_of(run, prepared, width=width)
        tally = count(firings, facts, width=width, edges=prepared.probe.edges, limits=limits)
        save_tally(tally, run.folder.shard(self.shard.number))


def begin_pass(
    runs: Sequence[OpenRun], prepared: dict[str, Prepared], number: int, worker: Worker
) -> SharedPass | None:
    """Load what the pass over that shard needs; None where no run's weights can be used."""
    listeners: dict[str, Listener] = {}

    def listen(run: OpenRun) -> None:
        digest = run.folder.digest
        fit = run.fit(worker.loaded)
        prepared[digest].check(fit)
        listeners[digest] = Listener(fit, prepared[digest].probe.sinks)

    worker.loaded.make_room(len(runs))
    running = each(runs, listen)
    if not running:
        return None
    request = running[0].request
    plan = plan_of(running[0], prepared[running[0].folder.digest], worker)
    shard = plan.shards(request.shard_tokens)[number]
    corpus = corpus_file(worker.root, request.corpus_digest)
    forward = ShardPass(
        list(listeners.values()),
        [read_documents_at(corpus, plan.index.offsets[block].tolist()) for block in shard.blocks],
        snippets_of(plan.index, shard),
        context_tokens=request.context_tokens,
        overlap_tokens=request.overlap_tokens,
    )
    return SharedPass(plan, shard, listeners, forward.batches(), forward)


def plan_of(run: OpenRun, prepared: Prepared, worker: Worker) -> Plan:
    return read_plan(plan_folder(worker.root, run.request.corpus_digest, prepared.plan))


def limits_of(run: OpenRun, prepared: Prepared, *, width: int) -> Limits:
    """How much of everything a tally of the run keeps: the same in every shard and in the end. width: latents."""
    return Limits.of(run.request, corpus_tokens=prepared.tokens, l0=prepared.probe.gate.l0, width=width)
