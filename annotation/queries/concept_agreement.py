"""Agreement on the concept before and after a merge that is only thought of: computed for the page, stored nowhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from annotation.enums import ItemKind
from annotation.models import RubricItem, Study
from annotation.queries.rating_records import RatingRecord, answers_for, current_ratings
from annotation.rules.concept_graph import ConceptGraph
from annotation.science.alpha import alpha
from annotation.science.hierarchy import concept_distances
from annotation.science.table import RatingTable
from annotation.science.types import Estimate, Undefined

REPLICATES = 2000


@dataclass(frozen=True, kw_only=True)
class ConceptAlpha:
    """Krippendorff's alpha on the concept: names are the same or not; and with broader ones as near misses."""

    nominal: Estimate | Undefined
    hierarchy: Estimate | Undefined


@dataclass(frozen=True, kw_only=True)
class MergeEffect:
    before: ConceptAlpha
    after: ConceptAlpha
    together: int
    """Latents on which both were named: there a merge turns disagreement into agreement."""

    @property
    def n(self) -> tuple[int, int]:
        """Ratings and raters behind the figures; (0, 0) where they are undefined."""
        found = self.before.nominal
        return (0, 0) if isinstance(found, Undefined) else (found.n_ratings, found.n_raters)


def merge_effect(study: Study, graph: ConceptGraph, *, concept: int, into: int) -> MergeEffect | None:
    """What merging the one into the other does to agreement. None where the rubric asks for no concept.

    The same seed and replicates before and after, so that the two differ by the merge alone. Nobody's leave is asked:
    callers check rules.blinding first.
    """
    item = RubricItem.objects.filter(version=study.rubric_id, kind=ItemKind.CONCEPT).order_by("position").first()
    if item is None:
        return None
    records = current_ratings(study)
    merged = graph.with_merge(concept, into)
    return MergeEffect(
        before=_alpha(item, records, graph, seed=study.seed),
        after=_alpha(item, records, merged, seed=study.seed),
        together=_together(records, graph, concept, into),
    )


def _alpha(item: RubricItem, records: Iterable[RatingRecord], graph: ConceptGraph, *, seed: int) -> ConceptAlpha:
    names = _names(graph)
    renamed = (replace(record, concept=names.get(record.concept, record.concept)) for record in records)
    table = RatingTable.from_answers(answers_for(item, renamed))
    nominal = alpha(table, "nominal", seed=seed, replicates=REPLICATES)
    if not graph.broader:
        return ConceptAlpha(
            nominal=nominal, hierarchy=Undefined("No concept has a broader one or a code yet, so that there is none.")
        )
    distances = concept_distances(table.values, graph.broader)
    return ConceptAlpha(
        nominal=nominal, hierarchy=alpha(table, "hierarchy", seed=seed, replicates=REPLICATES, distances=distances)
    )


def _names(graph: ConceptGraph) -> Mapping[str, str]:
    """The name after merges of each name that was typed; names are unique in a study."""
    return {name: graph.name(concept) for concept, name in graph.typed.items()}


def _together(records: Iterable[RatingRecord], graph: ConceptGraph, concept: int, into: int) -> int:
    names = _names(graph)
    said: dict[str, set[int]] = {graph.name(concept): set(), graph.name(into): set()}
    for record in records:
        if (name := names.get(record.concept, "")) in said:
            said[name].add(record.latent)
    one, other = said.values()
    return len(one & other)
