"""Whether something may be said of concepts: in sentences, before the database refuses it (migration 0007)."""

from annotation.rules.answers import CONCEPT_LIMIT
from annotation.rules.concept_graph import ConceptGraph
from annotation.rules.refusal import Refused

REASON_LIMIT = 2000


def check_reason(reason: str, *, required: bool = True) -> str:
    """The reason without spaces around it. Raises Refused where it is missing or far too long."""
    words = reason.strip()
    if required and not words:
        raise Refused("Say why, in a sentence: it stays in the history, and releases hold it.")
    if len(words) > REASON_LIMIT:
        raise Refused(f"The reason has {len(words):,} characters. Shorten it to {REASON_LIMIT:,}.")
    return words


def check_name(name: str) -> str:
    """The name with single spaces. Raises Refused where it is empty or too long for a concept."""
    words = " ".join(name.split())
    if not words:
        raise Refused("Name the broader concept.")
    if len(words) > CONCEPT_LIMIT:
        raise Refused(f"The name has {len(words)} characters. Shorten it to {CONCEPT_LIMIT}.")
    return words


def check_merge(graph: ConceptGraph, concept: int, into: int) -> None:
    """Raises Refused unless both count under their own names and neither is narrower than the other."""
    _check_apart(graph, concept, into)
    for one in (concept, into):
        check_survives(graph, one)
    for narrow, wide in ((concept, into), (into, concept)):
        if wide in graph.up(narrow):
            raise Refused(
                f"“{graph.typed[narrow]}” is placed under “{graph.typed[wide]}”, and a near miss is no synonym. Take "
                "that back first if they are one."
            )


def check_placing(graph: ConceptGraph, concept: int, under: int) -> None:
    """Raises Refused unless both count under their own names and the one can be narrower than the other."""
    _check_apart(graph, concept, under)
    for one in (concept, under):
        check_survives(graph, one)
    if under in graph.parents.get(concept, ()):
        raise Refused(f"“{graph.typed[concept]}” is placed under “{graph.typed[under]}” already.")
    if concept in graph.up(under):
        raise Refused(
            f"“{graph.typed[under]}” is itself placed under “{graph.typed[concept]}”. Take that back first if it is "
            "the other way round."
        )


def check_survives(graph: ConceptGraph, concept: int) -> None:
    """Raises Refused for a concept that is merged into another."""
    if concept in graph.merged:
        name, survivor = graph.typed[concept], graph.name(concept)
        raise Refused(f"“{name}” counts as “{survivor}” already. Choose “{survivor}”, or take that back first.")


def check_uncoded(graph: ConceptGraph, concept: int, system: str) -> None:
    """Raises Refused for a concept that is merged, or has a code of this system."""
    check_survives(graph, concept)
    for code in graph.codes.get(concept, ()):
        if code.system == system:
            raise Refused(
                f"“{graph.typed[concept]}” has the code {code.code} of {code.system_name}. Take that back first."
            )


def _check_apart(graph: ConceptGraph, concept: int, other: int) -> None:
    if concept == other:
        raise Refused("Choose two different concepts.")
