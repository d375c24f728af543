"""What raters said where they named a concept: their words and rationales, without anything that tells whose they are.

Asks nobody's leave: callers check rules.blinding first.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from annotation.models import Study
from annotation.queries.counted_ratings import counted_ratings
from annotation.queries.own_words import concept_written
from annotation.queries.rating_records import newest_revision

SHOWN = 4


@dataclass(frozen=True, kw_only=True)
class Example:
    latent: int
    """Index in the run."""
    written: str
    """The concept in the rater's letters."""
    rationale: str


def concept_examples(study: Study, concepts: Iterable[int]) -> list[Example]:
    """Of these concepts (a surviving one and those merged into it), each of another latent, in no order of time.

    One statement.
    """
    named = counted_ratings(study).filter(newest_revision(), concept__in=list(concepts))
    ratings = named.select_related("concept", "latent__latent").order_by("submit_token")[: SHOWN * 8]
    found: dict[int, Example] = {}
    for rating in ratings:
        index = rating.latent.latent.index
        if len(found) < SHOWN and index not in found:
            found[index] = Example(latent=index, written=concept_written(rating), rationale=rating.rationale)
    return list(found.values())
