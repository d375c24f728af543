"""In which order the corpus is mined: blocks of whole documents whose windows fill batches, and shards of blocks.

Blocks fix the batches, and with them the rounding of the forward pass; how many blocks make a shard changes nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saeserve.mining.index import CorpusIndex

BLOCK_DOCUMENTS, BLOCK_TOKENS = 64, 16_384
"""A block is closed by the document that fills either."""


@dataclass(frozen=True)
class Shard:
    """The unit of work that survives a killed worker."""

    number: int
    blocks: list[NDArray[np.int64]]
    """Of each block its documents' positions in the corpus."""
    tokens: int

    @property
    def documents(self) -> NDArray[np.int64]:
        """Positions in the corpus, block after block."""
        return np.concatenate(self.blocks)


@dataclass(frozen=True)
class Plan:
    """The mined documents of a corpus in order."""

    index: CorpusIndex
    documents: NDArray[np.int64]
    """Positions in the corpus, near-duplicates left out."""
    block_firsts: NDArray[np.int64]
    """[block + 1] position of its first document above; at the end the number of documents."""

    @property
    def tokens(self) -> int:
        """Tokens that the pass sees."""
        return int(self.index.tokens.sum())

    def shards(self, shard_tokens: int) -> list[Shard]:
        """Whole blocks, in order, until they hold `shard_tokens`."""
        found: list[Shard] = []
        blocks: list[NDArray[np.int64]] = []
        tokens = 0
        for block in np.split(self.documents, self.block_firsts[1:-1]):
            blocks.append(block)
            tokens += int(self.index.tokens[block].sum())
            if tokens >= shard_tokens:
                found.append(Shard(len(found), blocks, tokens))
                blocks, tokens = [], 0
        return [*found, Shard(len(found), blocks, tokens)] if blocks else found


def plan_corpus(index: CorpusIndex) -> Plan:
    """Order by the tokens of the last window: all other windows are full, so that hardly anything is padded."""
    documents = np.nonzero(index.mined)[0]
    documents = documents[np.argsort(index.last_tokens[documents], kind="stable")]
    firsts, held, tokens = [0], 0, 0
    for place, size in enumerate(index.tokens[documents].tolist(), start=1):
        held, tokens = held + 1, tokens + size
        if held == BLOCK_DOCUMENTS or tokens >= BLOCK_TOKENS:
            firsts.append(place)
            held, tokens = 0, 0
    if firsts[-1] != len(documents):
        firsts.append(len(documents))
    return Plan(index, documents, np.array(firsts, np.int64))
