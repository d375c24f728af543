"""Agreement on the concept before and after a merge that is only thought of: computed for the page, stored nowhere."""

from dataclasses import dataclass, replace

import numpy as np

from annotation.enums import ItemKind
from annotation.models import RubricItem, Study
from annotation.queries.rating_records import answers_for, current_ratings
from annotation.rules.concept_graph import ConceptGraph
from annotation.science.alpha import alpha
from annotation.science.hierarchy import concept_distances
from annotation.science.table import MISSING, RatingTable
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
    table = RatingTable.from_answers(answers_for(item, current_ratings(study)))
    merged = graph.with_merge(concept, into)
    return MergeEffect(
        before=_alpha(_renamed(table, graph), graph, seed=study.seed),
        after=_alpha(_renamed(table, merged), merged, seed=study.seed),
        together=_together(_renamed(table, graph), graph.name(concept), graph.name(into)),
    )


def _alpha(table: RatingTable, graph: ConceptGraph, *, seed: int) -> ConceptAlpha:
    nominal = alpha(table, "nominal", seed=seed, replicates=REPLICATES)
    if not graph.broader:
        return ConceptAlpha(
            nominal=nominal, hierarchy=Undefined("No concept has a broader one or a code yet, so that there is none.")
        )
    distances = concept_distances(table.values, graph.broader)
    return ConceptAlpha(
        nominal=nominal, hierarchy=alpha(table, "hierarchy", seed=seed, replicates=REPLICATES, distances=distances)
    )


def _renamed(table: RatingTable, graph: ConceptGraph) -> RatingTable:
    """The table of what was typed under names after merges; names are unique in a study."""
    counted = {name: graph.name(concept) for concept, name in graph.typed.items()}
    names = [counted.get(str(value), str(value)) for value in table.values]
    values = sorted(set(names))
    at = {name: number for number, name in enumerate(values)}
    place = np.array([at[name] for name in names] or [0], dtype=np.int64)
    codes = np.where(table.codes == MISSING, MISSING, place[table.codes])
    codes.setflags(write=False)
    return replace(table, values=tuple(values), codes=codes)


def _together(table: RatingTable, one: str, other: str) -> int:
    """Latents on which both were named."""
    both = [(table.codes == table.values.index(name)).any(axis=1) for name in (one, other) if name in table.values]
    return int((both[0] & both[1]).sum()) if len(both) == 2 else 0
