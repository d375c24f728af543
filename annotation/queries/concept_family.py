"""What is known of the concepts that raters proposed for a latent: broader ones, and what they were merged from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annotation.models import Study
from annotation.queries.concept_names import concept_graph

LONGEST = 8
"""Steps up that are followed."""


@dataclass(frozen=True, kw_only=True)
class Kin:
    name: str
    above: tuple[str, ...]
    """Broader concepts, the nearest first, one way up."""
    more_ways: int
    """Other broader concepts that are not on that way."""
    typed_as: tuple[str, ...]
    """Names that were merged into it."""
    codes: tuple[str, ...]
    """`ICD-10-CM I21 Acute myocardial infarction`"""

    @property
    def known(self) -> bool:
        return bool(self.above or self.typed_as or self.codes)


def concept_family(study: Study, names: Sequence[str]) -> list[Kin]:
    """Of each name (after merges) that is a concept of the study, in the order given; none where nothing is known.

    Two statements.
    """
    graph = concept_graph(study)
    surviving = {graph.typed[concept]: concept for concept in graph.members}
    found = []
    for name in names:
        concept = surviving.get(name)
        if concept is None:
            continue
        way = _way_up(name, graph.broader)
        every = _all_above(name, graph.broader)
        found.append(
            Kin(
                name=name,
                above=way,
                more_ways=len(every - set(way)),
                typed_as=tuple(sorted(graph.typed[other] for other in graph.members[concept] if other != concept)),
                codes=tuple(f"{code.system_name} {code.code} {code.term}" for code in graph.codes_of(concept)),
            )
        )
    return found if any(kin.known for kin in found) else []


def _way_up(name: str, broader: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    way: list[str] = []
    here = name
    while len(way) < LONGEST and (above := broader.get(here)):
        here = min(above)
        if here in way or here == name:
            break
        way.append(here)
    return tuple(way)


def _all_above(name: str, broader: Mapping[str, frozenset[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(broader.get(name, ()))
    while waiting:
        here = waiting.pop()
        if here not in reached and here != name:
            reached.add(here)
            waiting.extend(broader.get(here, ()))
    return reached
