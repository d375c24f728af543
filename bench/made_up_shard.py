"""A shard's firings as a run over real notes would give them, of any width, without a model: random."""

import numpy as np

from saeserve.mining.firings import Firings
from saeserve.mining.sections import KINDS
from saeserve.mining.shard_snippets import ShardSnippets
from saeserve.mining.token_draw import token_hashes

DOCUMENTS, DOCUMENT_SNIPPETS, SNIPPET_TOKENS = 20, 16, 50
L0 = 32
CHARACTERS = 5
"""Of a token."""
SPECIALTIES = 16


def made_up_shard(number: int, *, latents: int) -> tuple[Firings, ShardSnippets]:
    """DOCUMENTS documents, about 16,000 tokens, each with L0 firings; some latents fire a hundred times as often."""
    chance = np.random.default_rng([number, latents])
    snippets = DOCUMENTS * DOCUMENT_SNIPPETS
    tokens = snippets * SNIPPET_TOKENS
    snippet_of = np.repeat(np.arange(snippets, dtype=np.int32), SNIPPET_TOKENS)
    owners = np.repeat(np.arange(DOCUMENTS, dtype=np.int32), DOCUMENT_SNIPPETS)
    starts = np.tile(np.arange(DOCUMENT_SNIPPETS, dtype=np.int32), DOCUMENTS) * SNIPPET_TOKENS * CHARACTERS
    within = np.tile(np.arange(SNIPPET_TOKENS, dtype=np.int32), snippets) * CHARACTERS
    documents = number * DOCUMENTS + owners
    firings = Firings(
        latents=(latents * chance.random(tokens * L0) ** 2).astype(np.int32),
        values=chance.exponential(2.0, tokens * L0).astype(np.float32) + np.float32(0.01),
        tokens=np.repeat(np.arange(tokens, dtype=np.int32), L0),
        token_ids=chance.integers(0, 49_152, tokens, dtype=np.int32),
        token_positions=starts[snippet_of] + within,
        token_starts=within,
        token_ends=within + CHARACTERS,
        token_snippets=snippet_of,
        snippet_documents=owners,
        snippet_starts=starts,
        snippet_ends=starts + SNIPPET_TOKENS * CHARACTERS,
        dropped={"position": DOCUMENTS, "norm": 0},
    )
    numbers = np.arange(snippets, dtype=np.int32) + number * snippets
    return firings, ShardSnippets(
        numbers=numbers,
        documents=documents,
        owners=documents,
        groups=numbers,
        reserved=documents % 4 == 0,
        hashes=chance.integers(0, 2**63, snippets).astype(np.uint64),
        specialties=documents % (SPECIALTIES + 1),
        specialty_count=SPECIALTIES,
        token_hashes=token_hashes(
            documents.astype(np.uint64)[snippet_of] * np.uint64(0x9E3779B97F4A7C15),
            documents[snippet_of],
            firings.token_positions,
        ),
        token_sections=chance.integers(0, len(KINDS), tokens).astype(np.int8),
        token_tenths=(np.arange(tokens) % 10).astype(np.int8),
    )
