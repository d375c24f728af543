"""Codes for a study's concepts: those whose name is a term of a code system, and what a search finds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from annotation.codes.closeness import canonical
from annotation.queries.code_terms import every_index
from annotation.queries.concept_list import ConceptRow

MOST = 8


@dataclass(frozen=True, kw_only=True)
class CodeChoice:
    """A code that a concept may be linked to."""

    system: str
    system_name: str
    code: str
    term: str
    found_by: str = ""
    """The synonym by which it was found; empty where that is the term itself, or only another spelling of it."""

    @property
    def value(self) -> str:
        """As a form sends it."""
        return f"{self.system} {self.code}"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    row: ConceptRow
    choice: CodeChoice

    @property
    def value(self) -> str:
        return f"{self.row.pk} {self.choice.value}"


def code_choices(text: str, *, systems: Iterable[str] | None = None) -> list[CodeChoice]:
    """Codes that a text finds, each system's best ones; of the named systems, or of all. Empty for no text."""
    wanted = None if systems is None else set(systems)
    return [
        _choice(told.system, told.name, term.code, term.label, term.name)
        for told, index in every_index().items()
        if wanted is None or told.system in wanted
        for term in index.search(text, MOST)
    ]


def proposals(rows: Sequence[ConceptRow]) -> list[Proposal]:
    """For concepts without a code of a system: the one code of it whose label or synonym its name is.

    Where a name stands for several codes there is none to propose.
    """
    found, indexes = [], every_index()
    for row in rows:
        coded = {code.system for code in row.codes}
        for told, index in indexes.items():
            terms = {term.code: term for term in index.named(row.name)} if told.system not in coded else {}
            if len(terms) == 1:
                (term,) = terms.values()
                choice = _choice(told.system, told.name, term.code, term.label, term.name)
                found.append(Proposal(row=row, choice=choice))
    return found


def _choice(system: str, system_name: str, code: str, label: str, name: str) -> CodeChoice:
    by_synonym = set(canonical(name)) - set(canonical(label))
    return CodeChoice(
        system=system, system_name=system_name, code=code, term=label, found_by=name if by_synonym else ""
    )
