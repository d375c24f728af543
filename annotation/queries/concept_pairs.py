"""Concepts of a study that may be one: spelled nearly alike, or names of one code. Suggested, never merged."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from annotation.codes.closeness import canonical
from annotation.codes.index import Index
from annotation.codes.systems import Origin
from annotation.queries.code_terms import every_index
from annotation.queries.concept_list import ConceptRow
from annotation.rules.concept_graph import ConceptGraph
from annotation.rules.near_pairs import near_pairs, same_code_pairs

COMPARED = 2000
"""The most used ones; a page should not wait for the others."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two concepts that may be one: the one that would go, and the one that would stay."""

    concept: ConceptRow
    into: ConceptRow
    why: str


def suggested_pairs(rows: Sequence[ConceptRow], graph: ConceptGraph) -> list[Pair]:
    """The most used first. None that stand above one another: a near miss is no synonym.

    rows: as `concept_list.concept_rows` orders them. Without the indexes of the code systems by spelling alone.
    """
    compared = [row for row in rows[:COMPARED] if canonical(row.name)]
    indexes = every_index()
    why: dict[tuple[int, int], str] = {}

    @cache
    def known(word: str) -> bool:
        return any(index.knows(word) for index in indexes.values())

    for one, other, code in same_code_pairs(_codes(compared, indexes)):
        why.setdefault((one, other), f"both are names of {code}")
    for cost, one, other in near_pairs([row.name for row in compared], known):
        why.setdefault((one, other), "the same words" if cost == 0 else "spelled nearly alike")
    pairs = [_pair(compared[one], compared[other], words) for (one, other), words in why.items()]
    apart = [pair for pair in pairs if not _one_above_the_other(pair, graph)]
    return sorted(apart, key=lambda pair: (-pair.concept.use.ratings, -pair.into.use.ratings, pair.concept.name))


def _codes(rows: Sequence[ConceptRow], indexes: dict[Origin, Index]) -> list[tuple[int, str]]:
    """(place, code with its term) of what a row was coded as, and of what its names are names of."""
    found = []
    for place, row in enumerate(rows):
        found += [(place, f"{code.system_name} {code.code}, {code.term}") for code in row.codes]
        for told, index in indexes.items():
            for name in (row.name, *row.also):
                found += [(place, f"{told.name} {term.code}, {term.label}") for term in index.named(name)]
    return found


def _pair(one: ConceptRow, other: ConceptRow, why: str) -> Pair:
    """One that raters are offered stays before one that they typed, then the one that is used more."""
    stays, goes = sorted((one, other), key=lambda row: (not row.listed, -row.use.ratings, row.pk))
    return Pair(concept=goes, into=stays, why=why)


def default_direction(one: ConceptRow, other: ConceptRow) -> tuple[ConceptRow, ConceptRow]:
    """(the one that would go, the one that would stay)."""
    pair = _pair(one, other, "")
    return pair.concept, pair.into


def _one_above_the_other(pair: Pair, graph: ConceptGraph) -> bool:
    return pair.into.pk in graph.up(pair.concept.pk) or pair.concept.pk in graph.up(pair.into.pk)
