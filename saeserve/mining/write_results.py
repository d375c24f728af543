"""A finished tally written down: latents.parquet, snippets.parquet and tokens.safetensors."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saeserve.contract import LATENTS_FILE, SNIPPETS_FILE, MiningRequest
from saeserve.mining.coactivation import coactivation
from saeserve.mining.foils import PoolFacts
from saeserve.mining.index import CorpusIndex
from saeserve.mining.merge_files import Merged
from saeserve.mining.peak_tokens import peak_tokens
from saeserve.mining.sae_profile import SaeProfile
from saeserve.mining.sections import KINDS
from saeserve.mining.select import Selector
from saeserve.mining.token_draw import TOKENS_FILE, save_draw
from saeserve.mining.words import peak_words, pool_words
from saeserve.mining.write_latents import Profile, write_latents
from saeserve.mining.write_snippets import write_snippets

RESULT_FILES = (LATENTS_FILE, SNIPPETS_FILE, TOKENS_FILE)
STEPS = 4


@dataclass(frozen=True)
class Written:
    """What the manifest says of the result."""

    drawn_tokens: int
    specialties: dict[str, int]
    sections: dict[str, int]
    positions: list[int]
    lens: str


def write_results(
    folder: Path,
    merged: Merged,
    *,
    request: MiningRequest,
    index: CorpusIndex,
    corpus: Path,
    sae: SaeProfile,
    tokenizer: Any,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> Written:
    """Write RESULT_FILES into `folder`. corpus: its documents.jsonl. `on_step` hears steps done and in all."""
    on_step(0, STEPS)
    selector = _selector(merged, sae, request=request, index=index, corpus=corpus)
    on_step(1, STEPS)
    write_snippets(folder / SNIPPETS_FILE, merged, selector, index.snippets, index.ids)
    on_step(2, STEPS)
    together = coactivation(merged.draw, width=merged.width)
    on_step(3, STEPS)
    profile = Profile(
        sae=sae,
        coactivation=together,
        peak_tokens=peak_tokens(merged.draw, width=merged.width),
        specialty_names=index.specialty_names,
        tokenizer=tokenizer,
    )
    write_latents(folder / LATENTS_FILE, merged, profile)
    save_draw(merged.draw, folder / TOKENS_FILE)
    on_step(STEPS, STEPS)
    counts = merged.counts
    return Written(
        drawn_tokens=len(merged.draw),
        specialties=dict(zip(index.specialty_names, counts.specialty_tokens[1:].tolist(), strict=True)),
        sections={kind: tokens for kind, tokens in zip(KINDS, counts.section_tokens.tolist(), strict=True) if tokens},
        positions=counts.position_tokens.tolist(),
        lens=sae.lens,
    )


def _selector(merged: Merged, sae: SaeProfile, *, request: MiningRequest, index: CorpusIndex, corpus: Path) -> Selector:
    pool, table = merged.pool, index.snippets
    documents = table.documents[pool.snippets]
    words, mentions = pool_words(corpus, index, pool)
    facts = PoolFacts.of(
        pool,
        specialties=index.specialties[documents],
        sections=table.section_kinds[table.sections_at(documents, table.starts[pool.snippets])],
        words=words,
        mentions=mentions,
        width=merged.width,
    )
    return Selector(request, merged, facts, sae.neighbours, peak_words(corpus, index, merged.peaks))
