"""A rater's concepts in her own letters.

One row serves all who write a term, in the letters of whoever came first: shown to her, they would tell her that a
colleague had written it.
"""

from annotation.models import Concept, Rating


def concept_written(rating: Rating) -> str:
    """Empty where she named none."""
    return _written(rating.concept_written, rating.concept)


def second_concept_written(rating: Rating) -> str:
    return _written(rating.second_concept_written, rating.second_concept)


def _written(words: str, concept: Concept | None) -> str:
    """Ratings older than the column have only the row: a listed term as it is listed, another in nobody's capitals."""
    if concept is None:
        return ""
    return words or (concept.name if concept.created_by_id is None else concept.name.lower())
