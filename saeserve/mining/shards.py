"""The corpus in shards: the unit of work that survives a killed worker."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saeserve.documents import Document
from saeserve.mining.count import ShardSnippets
from saeserve.mining.firings import BLOCK_DOCUMENTS, Firings
from saeserve.mining.hashing import snippet_hash
from saeserve.mining.index import CorpusIndex
from saeserve.mining.snippets import text_group


@dataclass(frozen=True)
class Shard:
    """Consecutive documents that are not near-duplicates."""

    number: int
    documents: list[Document]
    places: list[int]
    """[document] position in the corpus."""

    @property
    def characters(self) -> int:
        return sum(len(document.text) for document in self.documents)

    def file(self, folder: Path) -> Path:
        return folder / "shards" / f"{self.number:06d}.safetensors"


def shards(documents: Iterable[Document], index: CorpusIndex, *, shard_documents: int) -> Iterator[Shard]:
    """Shards in order. `shard_documents` is rounded up to whole blocks, so that it does not change what is computed."""
    size = -(-shard_documents // BLOCK_DOCUMENTS) * BLOCK_DOCUMENTS
    held: list[Document] = []
    places: list[int] = []
    number = 0
    for place, document in enumerate(documents):
        if index.duplicate[place]:
            continue
        held.append(document)
        places.append(place)
        if len(held) == size:
            yield Shard(number, held, places)
            held, places, number = [], [], number + 1
    if held:
        yield Shard(number, held, places)


def shard_snippets(shard: Shard, firings: Firings, index: CorpusIndex, *, seed: int) -> ShardSnippets:
    """What counting needs to know of the shard's snippets."""
    owners = firings.snippet_documents
    places = np.array(shard.places, dtype=np.int32)[owners]
    groups, hashes = [], []
    for owner, start, end in zip(
        owners.tolist(), firings.snippet_starts.tolist(), firings.snippet_ends.tolist(), strict=True
    ):
        document = shard.documents[owner]
        groups.append(text_group(document.text[start:end]))
        hashes.append(snippet_hash(seed, document.id, start))
    return ShardSnippets(
        documents=places,
        reserved=index.reserved[places],
        groups=np.array(groups, dtype=np.uint64),
        hashes=np.array(hashes, dtype=np.uint64),
    )
