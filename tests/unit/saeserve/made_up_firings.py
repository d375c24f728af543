"""Random firings of random snippets: what a model and an SAE might have given."""

import numpy as np

from saeserve.mining.firings import Firings
from saeserve.mining.sections import KINDS
from saeserve.mining.shard_snippets import ShardSnippets
from saeserve.mining.token_draw import token_hashes

LATENTS = 12
EDGES = np.exp2(np.arange(-4, 5).astype(float))
SPECIALTIES = 3
VOCABULARY = 15
OWNERS = 30
SNIPPETS = 6
"""At most so many a document; snippet i of document d has number d * SNIPPETS + i."""


def make(documents: list[int], *, seed: int = 0, latents: int = LATENTS) -> tuple[Firings, ShardSnippets]:
    """Firings of those documents of one imaginary corpus: a document is the same in whichever shard it is."""
    parts = [_document(number, np.random.default_rng([seed, number]), latents) for number in documents]
    return _join(parts, documents)


def _document(number: int, chance: np.random.Generator, latents: int) -> dict[str, np.ndarray]:
    snippets = int(chance.integers(1, SNIPPETS))
    tokens = snippets * 8
    firing = np.nonzero(chance.random((tokens, latents)) < np.linspace(0.01, 0.5, latents))
    return {
        "starts": np.arange(snippets) * 100,
        "groups": chance.integers(0, 40, snippets),  # few groups, so that many texts are nearly the same
        "hashes": chance.integers(0, 2**63, snippets),
        "token_snippets": np.repeat(np.arange(snippets), 8),
        "token_starts": np.tile(np.array([0, 10, 20, 20, 40, 50, 60, 70]), snippets),  # two begin at one character
        "token_ids": chance.integers(0, VOCABULARY, tokens),
        "token_sections": chance.integers(0, len(KINDS), tokens),
        "token_tenths": np.arange(tokens) * 10 // tokens,
        "tokens": firing[0],
        "latents": firing[1],
        "values": np.round(chance.exponential(2, len(firing[0])), 1) + 0.1,  # rounded, so that some are equal
    }


def _join(parts: list[dict[str, np.ndarray]], documents: list[int]) -> tuple[Firings, ShardSnippets]:
    snippet_firsts = np.cumsum([0, *(len(part["starts"]) for part in parts)])
    token_firsts = np.cumsum([0, *(len(part["token_starts"]) for part in parts)])

    def column(name: str, kind: type, shift: np.ndarray | None = None) -> np.ndarray:
        shifts = shift if shift is not None else np.zeros(len(parts), int)
        return np.concatenate([part[name] + at for part, at in zip(parts, shifts, strict=False)]).astype(kind)

    owners = np.repeat(np.arange(len(parts)), [len(part["starts"]) for part in parts])
    starts = column("starts", np.int32)
    numbers = np.array(documents, np.int32)[owners]
    snippet_of = column("token_snippets", np.int32, snippet_firsts)
    positions = starts[snippet_of] + column("token_starts", np.int32)
    firings = Firings(
        latents=column("latents", np.int32),
        values=column("values", np.float32),
        tokens=column("tokens", np.int32, token_firsts),
        token_ids=column("token_ids", np.int32),
        token_positions=positions,
        token_starts=column("token_starts", np.int32),
        token_ends=column("token_starts", np.int32) + 5,
        token_snippets=snippet_of,
        snippet_documents=owners.astype(np.int32),
        snippet_starts=starts,
        snippet_ends=starts + 100,
        dropped={"position": len(parts), "norm": 0},
    )
    return firings, ShardSnippets(
        numbers=numbers * SNIPPETS + starts // 100,
        documents=numbers,
        owners=numbers % OWNERS,  # some patients have two documents
        groups=column("groups", np.int32),
        reserved=numbers % OWNERS % 4 == 0,
        hashes=column("hashes", np.uint64),
        specialties=numbers % (SPECIALTIES + 1),
        specialty_count=SPECIALTIES,
        token_hashes=token_hashes(numbers.astype(np.uint64)[snippet_of], numbers[snippet_of], positions),
        token_sections=column("token_sections", np.int8),
        token_tenths=column("token_tenths", np.int8),
    )
