"""A study's concepts as the facts about them stand: which one is another, what is broader, which code each has.

Pure. A merge keeps the merged concept's own facts: what it was narrower than and its codes pass to the survivor.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class CodeAbove:
    """A code, its term in the release, and the codes right above it there."""

    code: str
    term: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Code:
    """What a concept is coded as. above: the code itself and all that is above it in the release."""

    system: str
    system_name: str
    code: str
    term: str
    release: str = ""
    above: tuple[CodeAbove, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ConceptGraph:
    typed: Mapping[int, str]
    """Every concept of the study by its id, under the name that was typed."""
    merged: Mapping[int, int] = field(default_factory=dict)
    """Into which concept one is merged; that one may be merged again, never in a circle."""
    narrower: frozenset[tuple[int, int]] = frozenset()
    """(narrower, broader)."""
    codes: Mapping[int, tuple[Code, ...]] = field(default_factory=dict)

    def survivor(self, concept: int) -> int:
        """The concept under whose name this one counts: itself where it is not merged."""
        while concept in self.merged:
            concept = self.merged[concept]
        return concept

    def name(self, concept: int) -> str:
        return self.typed[self.survivor(concept)]

    @cached_property
    def names(self) -> Mapping[int, str]:
        """The name of every concept after merges."""
        return {concept: self.name(concept) for concept in self.typed}

    @cached_property
    def members(self) -> Mapping[int, tuple[int, ...]]:
        """Each surviving concept and those that were merged into it, itself first."""
        gathered: dict[int, list[int]] = {concept: [concept] for concept in self.typed if concept not in self.merged}
        for concept in sorted(self.merged):
            gathered[self.survivor(concept)].append(concept)
        return {survivor: tuple(every) for survivor, every in gathered.items()}

    def codes_of(self, survivor: int) -> tuple[Code, ...]:
        """One a system: its own, else that of the first concept merged into it."""
        found: dict[str, Code] = {}
        for concept in self.members[survivor]:
            for code in self.codes.get(concept, ()):
                found.setdefault(code.system, code)
        return tuple(found[system] for system in sorted(found))

    @cached_property
    def parents(self) -> Mapping[int, frozenset[int]]:
        """Of each surviving concept those right above it by facts."""
        above: dict[int, set[int]] = defaultdict(set)
        for narrower, broader in self.narrower:
            above[self.survivor(narrower)].add(self.survivor(broader))
        return {concept: frozenset(every) for concept, every in above.items()}

    def up(self, concept: int) -> frozenset[int]:
        """The surviving concepts that it is, or is narrower than over any number of steps."""
        reached, waiting = set(), [self.survivor(concept)]
        while waiting:
            here = waiting.pop()
            if here not in reached:
                reached.add(here)
                waiting.extend(self.parents.get(here, ()))
        return frozenset(reached)

    @cached_property
    def broader(self) -> Mapping[str, frozenset[str]]:
        """Right above each name: by facts, and by the code systems, whose headings are names of their own.

        Such a heading ("ICD-10-CM I20-I25 Ischemic heart diseases") lets two coded concepts share what nobody typed.
        A code that one surviving concept alone has is that concept. Where codes contradict a fact, the fact stands.
        """
        kept: dict[str, set[str]] = defaultdict(set)
        for concept, every in self.parents.items():
            kept[self.typed[concept]].update(self.typed[other] for other in every)
        for child, parent in sorted(set(self._by_codes())):
            if not _reaches(kept, parent, child):
                kept[child].add(parent)
        return {name: frozenset(every) for name, every in kept.items() if every}

    def _by_codes(self) -> Iterable[tuple[str, str]]:
        """(name, name right above it), by the hierarchies of the code systems."""
        coded = [(concept, code) for concept in self.members for code in self.codes_of(concept)]
        holders: dict[tuple[str, str], list[int]] = defaultdict(list)
        for concept, code in coded:
            holders[code.system, code.code].append(concept)

        def called(code: Code, here: CodeAbove) -> str:
            held = holders.get((code.system, here.code), [])
            return self.typed[held[0]] if len(held) == 1 else f"{code.system_name} {here.code} {here.term}"

        for concept, code in coded:
            names = {here.code: called(code, here) for here in code.above}
            yield self.typed[concept], names.get(code.code, self.typed[concept])
            for here in code.above:
                yield from ((names[here.code], names[parent]) for parent in here.parents if parent in names)

    def with_merge(self, concept: int, into: int) -> "ConceptGraph":
        """As it would be if the one were merged into the other; as it is where they count as one already."""
        goes, stays = self.survivor(concept), self.survivor(into)
        return self if goes == stays else replace(self, merged={**self.merged, goes: stays})


def _reaches(above: Mapping[str, set[str]], name: str, wanted: str) -> bool:
    """Whether `wanted` is the name or above it, over any number of steps."""
    waiting, seen = [name], set()
    while waiting:
        here = waiting.pop()
        if here == wanted:
            return True
        if here not in seen:
            seen.add(here)
            waiting.extend(above.get(here, ()))
    return False
