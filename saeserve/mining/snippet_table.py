"""Every snippet of a corpus: where it is cut, which others say nearly the same, and in which section it stands.

Built once while the corpus is indexed, about 85 bytes a snippet meanwhile and 20 afterwards. It knows no SAE.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from saeserve.artifacts import write_atomically
from saeserve.mining.sections import sections
from saeserve.mining.snippet_groups import HASHES, groups_of, signatures
from saeserve.mining.snippets import cut_snippets

CONTEXT_SNIPPETS = 3
"""Snippets, the shown one among them, in a snippet's wider context."""


@dataclass(frozen=True)
class SnippetTable:
    """Snippets and sections of all documents, document after document in file order. Both tile their document."""

    firsts: NDArray[np.int64]
    """[document + 1] number of the document's first snippet; a document that is not mined has none."""
    starts: NDArray[np.int32]
    """[snippet] first character in its document."""
    ends: NDArray[np.int32]
    groups: NDArray[np.int32]
    """[snippet] equal for texts that are nearly the same: number of the first of them."""
    section_firsts: NDArray[np.int64]
    """[document + 1]"""
    section_starts: NDArray[np.int32]
    section_kinds: NDArray[np.int8]
    """[section] place in sections.KINDS."""
    section_headers: NDArray[np.int32]
    """[section] place in `headers`."""
    headers: list[str]
    """Distinct headers as written."""

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def documents(self) -> NDArray[np.int32]:
        """[snippet] position of its document in the corpus."""
        return np.repeat(np.arange(len(self.firsts) - 1, dtype=np.int32), np.diff(self.firsts))

    def sections_at(self, documents: NDArray[np.integer], characters: NDArray[np.integer]) -> NDArray[np.int64]:
        """Number of the section that holds each character of each document."""
        owners = np.repeat(np.arange(len(self.section_firsts) - 1), np.diff(self.section_firsts))
        keys = owners << 32 | self.section_starts.astype(np.int64)
        wanted = documents.astype(np.int64) << 32 | characters.astype(np.int64)
        found: NDArray[np.int64] = np.searchsorted(keys, wanted, side="right") - 1
        return found

    def contexts(self, snippets: NDArray[np.integer]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(first character, one past the last) of CONTEXT_SNIPPETS neighbouring snippets about each snippet."""
        numbers = snippets.astype(np.int64)
        documents = np.searchsorted(self.firsts, numbers, side="right") - 1
        first, last = self.firsts[documents], self.firsts[documents + 1] - 1
        begin = np.maximum(first, np.minimum(numbers - CONTEXT_SNIPPETS // 2, last - CONTEXT_SNIPPETS + 1))
        end = np.minimum(last, begin + CONTEXT_SNIPPETS - 1)
        return self.starts[begin], self.ends[end]


class SnippetTableBuilder:
    """Takes the corpus's documents one by one, in file order."""

    def __init__(self) -> None:
        self._counts: list[int] = []
        self._starts: list[NDArray[np.int32]] = []
        self._ends: list[NDArray[np.int32]] = []
        self._signatures: list[NDArray[np.uint16]] = []
        self._section_counts: list[int] = []
        self._sections: list[tuple[int, int, int]] = []
        self._headers: dict[str, int] = {"": 0}

    def add(self, text: str) -> int:
        """A document that will be mined. Returns its number of snippets."""
        spans = cut_snippets(text)
        self._counts.append(len(spans))
        self._starts.append(np.array([span.start for span in spans], np.int32))
        self._ends.append(np.array([span.end for span in spans], np.int32))
        self._signatures.append(signatures([text[span.start : span.end] for span in spans]))
        found = sections(text)
        self._section_counts.append(len(found))
        for section in found:
            header = self._headers.setdefault(section.header, len(self._headers))
            self._sections.append((section.start, section.kind, header))
        return len(spans)

    def skip(self) -> None:
        """A document that will not be mined."""
        self._counts.append(0)
        self._section_counts.append(0)

    def table(self) -> SnippetTable:
        found = np.array(self._sections, np.int32).reshape(-1, 3)
        marks = np.concatenate([np.empty((0, HASHES), np.uint16), *self._signatures])
        return SnippetTable(
            firsts=np.cumsum([0, *self._counts]).astype(np.int64),
            starts=np.concatenate([np.empty(0, np.int32), *self._starts]),
            ends=np.concatenate([np.empty(0, np.int32), *self._ends]),
            groups=groups_of(marks),
            section_firsts=np.cumsum([0, *self._section_counts]).astype(np.int64),
            section_starts=np.ascontiguousarray(found[:, 0]),
            section_kinds=found[:, 1].astype(np.int8),
            section_headers=np.ascontiguousarray(found[:, 2]),
            headers=list(self._headers),
        )


def save_table(table: SnippetTable, path: Path) -> None:
    tensors = {field.name: getattr(table, field.name) for field in fields(table) if field.name != "headers"}
    text = "\n".join(table.headers).encode()
    tensors["headers"] = np.frombuffer(text, np.uint8)
    write_atomically(path, lambda aside: save_file(tensors, aside))


def load_table(path: Path) -> SnippetTable:
    tensors = load_file(path)
    headers = tensors.pop("headers").tobytes().decode().split("\n")
    return SnippetTable(**tensors, headers=headers)
