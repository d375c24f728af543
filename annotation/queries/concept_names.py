"""A study's concepts after what was said of them: names after merges, what is broader, and how new that is."""

from collections import defaultdict
from collections.abc import Mapping

from django.db.models import BigIntegerField, Func, Max, OuterRef, Subquery

from annotation.codes.systems import SYSTEMS
from annotation.enums import ConceptFactKind
from annotation.models import Concept, ConceptFact, Study
from annotation.rules.calibration import fold
from annotation.rules.concept_graph import Code, CodeAbove, ConceptGraph


def concept_graph(study: Study) -> ConceptGraph:
    """The concepts with the facts that stand. Two statements."""
    typed = dict(Concept.objects.filter(study=study).order_by("pk").values_list("pk", "name"))
    merged: dict[int, int] = {}
    narrower: set[tuple[int, int]] = set()
    codes: dict[int, tuple[Code, ...]] = defaultdict(tuple)
    for fact in standing_facts(study):
        if fact.kind == ConceptFactKind.CODED:
            codes[fact.concept_id] += (code_of(fact),)
        elif fact.other_id is not None:
            if fact.kind == ConceptFactKind.MERGED:
                merged[fact.concept_id] = fact.other_id
            else:
                narrower.add((fact.concept_id, fact.other_id))
    return ConceptGraph(typed=typed, merged=merged, narrower=frozenset(narrower), codes=dict(codes))


def standing_facts(study: Study) -> list[ConceptFact]:
    """The facts that nobody took back, oldest first."""
    facts = ConceptFact.objects.filter(study=study, withdrawn_by=None).exclude(kind=ConceptFactKind.WITHDRAWN)
    return list(facts.order_by("pk"))


def code_of(fact: ConceptFact) -> Code:
    return Code(
        system=fact.system,
        system_name=SYSTEMS[fact.system].NAME if fact.system in SYSTEMS else fact.system,
        code=fact.code,
        term=fact.term,
        release=fact.release,
        above=tuple(CodeAbove(code=code, term=term, parents=tuple(parents)) for code, term, parents in fact.above),
    )


def concept_names(study: Study) -> Mapping[int, str]:
    """The name under which each concept (by id) counts: after merges, whatever the number of steps."""
    return concept_graph(study).names


def merged_names(study: Study) -> Mapping[str, str]:
    """Of each merged concept alone: its name, folded as rules.calibration compares, and that which it counts under.

    One statement.
    """
    survivor = Func(OuterRef("concept"), function="consilium_survivor", output_field=BigIntegerField())
    merges = ConceptFact.objects.filter(study=study, kind=ConceptFactKind.MERGED, withdrawn_by=None)
    named = merges.annotate(survivor_name=Subquery(Concept.objects.filter(pk=survivor).values("name")))
    return {fold(typed): name for typed, name in named.values_list("concept__name", "survivor_name")}


def broader(study: Study) -> Mapping[str, frozenset[str]]:
    """Right above each name (after merges): by facts, and by the code systems' hierarchies where concepts have codes.

    Never in a circle. Values may be names that are no concept of the study: headings of a code system. What is above
    over several steps is not repeated: follow the mapping.
    """
    return concept_graph(study).broader


def newest_fact(study: Study) -> int:
    """Id of the newest fact about the study's concepts, 0 without any: a newer one makes results stale.

    Facts are never changed, so that the same newest fact means the same names and the same hierarchy.
    """
    return ConceptFact.objects.filter(study=study).aggregate(newest=Max("pk"))["newest"] or 0
