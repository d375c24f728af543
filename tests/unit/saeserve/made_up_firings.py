"""Random firings of random snippets: what a model and an SAE might have given."""

import numpy as np

from saeserve.mining.count import ShardSnippets
from saeserve.mining.firings import Firings

LATENTS = 12
EDGES = np.exp2(np.arange(-4, 5).astype(float))


def make(documents: list[int], *, seed: int = 0) -> tuple[Firings, ShardSnippets]:
    """Firings of those documents of one imaginary corpus: a document is the same in whichever shard it is."""
    parts = [_document(number, np.random.default_rng([seed, number])) for number in documents]
    return _join(parts, documents)


def _document(number: int, chance: np.random.Generator) -> dict[str, np.ndarray]:
    snippets = int(chance.integers(1, 6))
    tokens = snippets * 8
    firing = np.nonzero(chance.random((tokens, LATENTS)) < np.linspace(0.01, 0.5, LATENTS))
    return {
        "starts": np.arange(snippets) * 100,
        "groups": chance.integers(0, 40, snippets),  # few groups, so that many texts are nearly the same
        "hashes": chance.integers(0, 2**63, snippets),
        "token_snippets": np.repeat(np.arange(snippets), 8),
        "token_starts": np.tile(np.arange(8) * 10, snippets),
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
    token_starts = column("token_starts", np.int32)
    numbers = np.array(documents, np.int32)[owners]
    firings = Firings(
        latents=column("latents", np.int32),
        values=column("values", np.float32),
        tokens=column("tokens", np.int32, token_firsts),
        token_starts=token_starts,
        token_ends=token_starts + 5,
        token_snippets=column("token_snippets", np.int32, snippet_firsts),
        snippet_documents=owners.astype(np.int32),
        snippet_starts=starts,
        snippet_ends=starts + 100,
        dropped={"position": len(parts), "norm": 0},
    )
    reserved = numbers % 4 == 0
    return firings, ShardSnippets(numbers, reserved, column("groups", np.uint64), column("hashes", np.uint64))
