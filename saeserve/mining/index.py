"""What must be known of every document before the pass: is it reserved or a near-duplicate, and its specialty."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saeserve.documents import read_documents
from saeserve.mining.duplicates import NearDuplicates
from saeserve.refusal import Refusal


class TooFewDocuments(Refusal):
    """Mining needs documents to show and documents to reserve."""


@dataclass(frozen=True)
class CorpusIndex:
    """One entry a document, in file order; the text itself is not kept."""

    ids: list[str]
    specialties: NDArray[np.int32]
    """Number of the document's specialty; -1 where none is given."""
    reserved: NDArray[np.bool_]
    """Held-out snippets come from these, and from nowhere else."""
    duplicate: NDArray[np.bool_]
    """Not mined: an earlier document has nearly the same text."""
    characters: NDArray[np.int64]

    @property
    def mined(self) -> NDArray[np.bool_]:
        return ~self.duplicate


def index_corpus(path: Path, *, reserved_share: float, seed: int) -> CorpusIndex:
    """Read the corpus once. Raises BadCorpus, and TooFewDocuments where nothing is left to show."""
    ids: list[str] = []
    specialties: list[int] = []
    reserved: list[bool] = []
    duplicate: list[bool] = []
    characters: list[int] = []
    numbers: dict[str, int] = {}
    known = NearDuplicates()
    for document in read_documents(path):
        ids.append(document.id)
        specialties.append(numbers.setdefault(document.specialty, len(numbers)) if document.specialty else -1)
        reserved.append(is_reserved(document.id, share=reserved_share, seed=seed))
        duplicate.append(known.seen(document.text))
        characters.append(len(document.text))
    index = CorpusIndex(
        ids, np.array(specialties, np.int32), np.array(reserved), np.array(duplicate), np.array(characters, np.int64)
    )
    if not (index.mined & ~index.reserved).any():
        raise TooFewDocuments(
            f"All {int(index.mined.sum())} distinct documents are reserved for held-out snippets; add documents."
        )
    return index


def is_reserved(document_id: str, *, share: float, seed: int) -> bool:
    """By hash of seed and id: known before the run, and the same in every run with that seed."""
    digest = hashlib.sha256(f"reserved\n{seed}\n{document_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
