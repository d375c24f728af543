"""The hierarchy of a study's concepts as lines of an outline: broader above narrower, headings of code systems among
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from annotation.queries.concept_list import ConceptRow
from annotation.rules.concept_graph import ConceptGraph

MOST_LINES = 400


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A name with what is right below it."""

    name: str
    row: ConceptRow | None
    """None for a heading of a code system: nobody typed it."""
    below: tuple["Branch", ...]


@dataclass(frozen=True, kw_only=True)
class Outline:
    tops: tuple[Branch, ...]
    left_out: int
    """Tops beyond `MOST_LINES` lines."""


def outline(graph: ConceptGraph, rows: list[ConceptRow]) -> Outline:
    """Everything that is above or below something. A name with two broader ones stands under both."""
    by_name = {row.name: row for row in rows}
    below: dict[str, list[str]] = {}
    for name, above in graph.broader.items():
        for broader in above:
            below.setdefault(broader, []).append(name)
    tops = sorted((name for name in below if name not in graph.broader), key=str.lower)
    drawn: list[Branch] = []
    lines = 0
    for name in tops:
        branch = _branch(name, below, by_name)
        lines += _size(branch)
        if lines > MOST_LINES and drawn:
            break
        drawn.append(branch)
    return Outline(tops=tuple(drawn), left_out=len(tops) - len(drawn))


def _branch(name: str, below: Mapping[str, list[str]], by_name: Mapping[str, ConceptRow]) -> Branch:
    """Headings with a single heading below them are drawn as one line: nobody chose the steps between."""
    children = sorted(below.get(name, ()), key=str.lower)
    if name not in by_name and len(children) == 1 and children[0] not in by_name:
        return _branch(children[0], below, by_name)
    return Branch(name=name, row=by_name.get(name), below=tuple(_branch(child, below, by_name) for child in children))


def _size(branch: Branch) -> int:
    return 1 + sum(map(_size, branch.below))
