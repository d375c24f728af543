"""What must be known of the corpus before the pass: reserved or not, near-duplicates, owners, snippets, lengths."""

import hashlib
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saeserve.documents import Document, Line, read_lines
from saeserve.mining.duplicates import NearDuplicates
from saeserve.mining.hashing import snippet_hash
from saeserve.mining.shard_snippets import DocumentFacts
from saeserve.mining.snippet_table import SnippetTable, SnippetTableBuilder
from saeserve.refusal import Refusal
from saeserve.windows import Window, cut

MOST_SPECIALTIES = 255
"""More are no field of medicine but free text, and a table of firings has a column for each."""
OTHER_SPECIALTY = "other"


class TooFewDocuments(Refusal):
    """Mining needs documents to show and documents to reserve."""


@dataclass(frozen=True)
class CorpusIndex:
    """One entry a document, in file order; the text itself is not kept."""

    ids: list[str]
    specialty_names: list[str]
    """The most frequent MOST_SPECIALTIES, and where there are more, OTHER_SPECIALTY for all the rest."""
    specialties: NDArray[np.int32]
    """[document] number of its specialty; -1 where none is given."""
    owners: NDArray[np.int32]
    """[document] number of its patient, or a number of its own where the patient is not known."""
    reserved: NDArray[np.bool_]
    """[document] held-out snippets come from these, and from nowhere else."""
    duplicate: NDArray[np.bool_]
    """[document] not mined: an earlier document has nearly the same text."""
    hashes: NDArray[np.uint64]
    """[document] of seed and id: the order in which documents, and what is in them, are drawn."""
    characters: NDArray[np.int64]
    offsets: NDArray[np.int64]
    """[document] bytes before its line."""
    tokens: NDArray[np.int64]
    """[document] tokens; 0 for duplicates, which are not cut into windows."""
    last_tokens: NDArray[np.int64]
    """[document] tokens of its last window."""
    snippets: SnippetTable

    @property
    def mined(self) -> NDArray[np.bool_]:
        return ~self.duplicate

    @property
    def facts(self) -> DocumentFacts:
        """What counting needs to know of the documents."""
        return DocumentFacts(
            owners=self.owners,
            specialties=self.specialties,
            reserved=self.reserved,
            hashes=self.hashes,
            characters=self.characters.astype(np.int32),
            specialty_names=self.specialty_names,
        )


NAMES = ("ids", "specialty_names")
ARRAYS = tuple(field.name for field in fields(CorpusIndex) if field.name not in (*NAMES, "snippets"))
KINDS: dict[str, type[np.generic]] = {
    "specialties": np.int32,
    "owners": np.int32,
    "reserved": np.bool_,
    "duplicate": np.bool_,
    "hashes": np.uint64,
}


def index_corpus(
    path: Path,
    tokenizer: Any,
    *,
    context_tokens: int,
    overlap_tokens: int,
    reserved_share: float,
    seed: int,
    on_document: Callable[[int], None] = lambda done: None,
) -> CorpusIndex:
    """Read the corpus once. `on_document` hears the number of documents after each.

    Raises BadCorpus, BadWindows, and TooFewDocuments where nothing is left to show.
    """
    gathered, known = _Gathered(seed), NearDuplicates()
    for number, line in enumerate(read_lines(path), start=1):
        document = line.document
        duplicate = known.seen(document.text)
        texts = [] if duplicate else [document.text]
        windows = list(cut(texts, tokenizer, context_tokens=context_tokens, overlap_tokens=overlap_tokens))
        reserved = is_reserved(document, share=reserved_share, seed=seed)
        gathered.add(line, windows, duplicate=duplicate, reserved=reserved)
        on_document(number)
    index = gathered.index()
    if not (index.mined & ~index.reserved).any():
        raise TooFewDocuments(
            f"All {int(index.mined.sum())} distinct documents are reserved for held-out snippets; add documents."
        )
    return index


def is_reserved(document: Document, *, share: float, seed: int) -> bool:
    """By hash of seed and patient, or document where the patient is not known: the same in every run with that seed."""
    witness = f"patient\n{document.patient}" if document.patient else document.id
    digest = hashlib.sha256(f"reserved\n{seed}\n{witness}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def numbered(
    names: Sequence[str], found: NDArray[np.int32], *, mined: NDArray[np.bool_]
) -> tuple[list[str], NDArray[np.int32]]:
    """(specialty_names, specialties) of the index: by mined documents, most first, then by name.

    names: by the numbers in `found`. found: [document] -1 where none is given. mined: [document].
    """
    counts = np.bincount(found[mined & (found >= 0)], minlength=len(names))
    order = sorted(range(len(names)), key=lambda number: (-counts[number], names[number]))
    kept = [names[number] for number in order]
    if len(kept) > MOST_SPECIALTIES:
        kept = [*[name for name in kept if name != OTHER_SPECIALTY][:MOST_SPECIALTIES], OTHER_SPECIALTY]
    new = {name: number for number, name in enumerate(kept)}
    places = np.array([*(new.get(name, len(kept) - 1) for name in names), -1], np.int32)
    return kept, places[found]


class _Gathered:
    """Entries while documents come in."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._ids: list[str] = []
        self._specialties: dict[str, int] = {}
        self._patients: dict[str, int] = {}
        self._values: dict[str, array[int]] = {
            name: array("Q" if KINDS.get(name) is np.uint64 else "q") for name in ARRAYS
        }
        self._snippets = SnippetTableBuilder()

    def add(self, line: Line, windows: Sequence[Window], *, duplicate: bool, reserved: bool) -> None:
        document = line.document
        entry = {
            "specialties": self._specialty(document.specialty),
            "owners": self._patients.setdefault(document.patient or f"\n{document.id}", len(self._patients)),
            "reserved": reserved,
            "duplicate": duplicate,
            "hashes": snippet_hash(self._seed, document.id, -1),
            "characters": len(document.text),
            "offsets": line.offset,
            "tokens": sum(window.counted for window in windows),
            "last_tokens": len(windows[-1]) if windows else 0,
        }
        for name, value in entry.items():
            self._values[name].append(value)
        self._ids.append(document.id)
        if duplicate:
            self._snippets.skip()
        else:
            self._snippets.add(document.text)

    def index(self) -> CorpusIndex:
        arrays = {name: np.array(values).astype(KINDS.get(name, np.int64)) for name, values in self._values.items()}
        names, numbers = numbered(list(self._specialties), arrays["specialties"], mined=~arrays["duplicate"])
        arrays["specialties"] = numbers
        return CorpusIndex(ids=self._ids, specialty_names=names, snippets=self._snippets.table(), **arrays)

    def _specialty(self, name: str) -> int:
        return self._specialties.setdefault(name, len(self._specialties)) if name else -1
