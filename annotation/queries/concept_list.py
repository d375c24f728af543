"""A study's concepts as its researcher sees them: each surviving one with what was merged into it and who named it.

Asks nobody's leave: callers check rules.blinding first.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from annotation.codes.text import fold
from annotation.models import Concept, Study
from annotation.queries.counted_ratings import counted_ratings
from annotation.queries.rating_records import newest_revision
from annotation.rules.concept_graph import Code, ConceptGraph


@dataclass(frozen=True, kw_only=True)
class Use:
    """How often a concept was named as the first meaning, by ratings that count."""

    ratings: int = 0
    raters: int = 0
    latents: int = 0


@dataclass(frozen=True, kw_only=True)
class ConceptRow:
    pk: int
    name: str
    also: tuple[str, ...]
    """Names that were merged into it."""
    use: Use
    codes: tuple[Code, ...]
    listed: bool
    """The study began with it: raters were offered it."""


def concept_rows(study: Study, graph: ConceptGraph) -> list[ConceptRow]:
    """Surviving concepts, the most used first. Two statements besides the graph's."""
    uses = concept_uses(study, graph)
    listed = set(Concept.objects.filter(study=study, created_by=None).values_list("pk", flat=True))
    rows = [
        ConceptRow(
            pk=concept,
            name=graph.typed[concept],
            also=tuple(graph.typed[member] for member in members[1:]),
            use=uses.get(concept, Use()),
            codes=graph.codes_of(concept),
            listed=concept in listed,
        )
        for concept, members in graph.members.items()
    ]
    return sorted(rows, key=lambda row: (-row.use.ratings, row.name.lower()))


def concept_uses(study: Study, graph: ConceptGraph) -> dict[int, Use]:
    """By surviving concept, counted by the database after merges. One statement."""
    named = counted_ratings(study).filter(newest_revision(), concept__isnull=False)
    chosen = named.values(said=F("concept"), person=F("rater"), place=F("latent"))
    inner, parameters = chosen.query.sql_with_params()
    merged = sorted(graph.merged)
    statement = f"""
        SELECT COALESCE(m.survivor, r.said), count(*), count(DISTINCT r.person), count(DISTINCT r.place)
        FROM ({inner}) r
        LEFT JOIN unnest(%s::bigint[], %s::bigint[]) AS m(concept, survivor) ON m.concept = r.said
        GROUP BY 1"""
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, merged, [graph.survivor(concept) for concept in merged]])
        return {
            concept: Use(ratings=ratings, raters=raters, latents=latents)
            for concept, ratings, raters, latents in cursor.fetchall()
        }


def matching(rows: Iterable[ConceptRow], text: str) -> list[ConceptRow]:
    """Those with a name, also a merged one, that holds the text, whatever its case and accents."""
    wanted = fold(text)
    return [row for row in rows if any(wanted in fold(name) for name in (row.name, *row.also))]
