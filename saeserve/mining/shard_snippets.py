"""What counting needs to know of a shard's snippets and tokens besides the firings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saeserve.mining.firings import Firings
from saeserve.mining.hashing import mixed
from saeserve.mining.snippet_table import SnippetTable
from saeserve.mining.token_draw import token_hashes

TENTHS = 10


@dataclass(frozen=True)
class DocumentFacts:
    """One entry a document of the corpus, in file order."""

    owners: NDArray[np.int32]
    """Equal for documents that count as one witness: those of one patient."""
    specialties: NDArray[np.int32]
    """Number of the document's specialty; -1 where none is given."""
    reserved: NDArray[np.bool_]
    """Held-out snippets come from these, and from nowhere else."""
    hashes: NDArray[np.uint64]
    """Of seed and id."""
    characters: NDArray[np.integer]
    """Length of the text."""
    specialty_names: list[str]


@dataclass(frozen=True)
class ShardSnippets:
    """One entry a snippet, in the order of the shard's Firings, or a token."""

    numbers: NDArray[np.int32]
    """[snippet] number in the corpus's SnippetTable."""
    documents: NDArray[np.int32]
    """[snippet] position of the document in the corpus."""
    owners: NDArray[np.int32]
    groups: NDArray[np.int32]
    reserved: NDArray[np.bool_]
    hashes: NDArray[np.uint64]
    """[snippet] of seed, document and snippet."""
    specialties: NDArray[np.int32]
    """[snippet] 1 + number of the specialty, 0 where none is given."""
    specialty_count: int
    token_hashes: NDArray[np.uint64]
    """[token]"""
    token_sections: NDArray[np.int8]
    """[token] place in sections.KINDS."""
    token_tenths: NDArray[np.int8]
    """[token] tenth of the document's characters in which it begins."""


def shard_snippets(
    firings: Firings, places: Sequence[int] | NDArray[np.integer], facts: DocumentFacts, table: SnippetTable
) -> ShardSnippets:
    """places: [document of the shard] position in the corpus. The shard's snippets are all those of its documents."""
    owners, snippet_of, positions = firings.snippet_documents, firings.token_snippets, firings.token_positions
    documents = np.asarray(places, np.int64)[owners]
    numbers = table.firsts[documents] + np.arange(len(owners)) - np.searchsorted(owners, owners, side="left")
    tenths = positions.astype(np.int64) * TENTHS // np.maximum(1, facts.characters[documents][snippet_of])
    return ShardSnippets(
        numbers=numbers.astype(np.int32),
        documents=documents.astype(np.int32),
        owners=facts.owners[documents],
        groups=table.groups[numbers],
        reserved=facts.reserved[documents],
        hashes=mixed(facts.hashes[documents], firings.snippet_starts),
        specialties=facts.specialties[documents] + 1,
        specialty_count=len(facts.specialty_names),
        token_hashes=token_hashes(facts.hashes[documents][snippet_of], documents[snippet_of], positions),
        token_sections=table.section_kinds[table.sections_at(documents[snippet_of], positions)],
        token_tenths=np.minimum(tenths, TENTHS - 1).astype(np.int8),
    )
