"""Whether a form that comes a second time is a repeat of the network, or says something else than the stored rating."""

from collections.abc import Mapping
from typing import Any

from annotation.models import Rating
from annotation.queries.frozen_rubric import frozen_items
from annotation.rules.answers import check_answers
from annotation.rules.evidence import parse_marks
from annotation.rules.refusal import Refused


def says_the_same(rating: Rating, raw: Mapping[str, Any]) -> bool:
    """raw: the form, by field. Time on task is no answer; a form that could not be taken says something else."""
    try:
        answers, marks = check_answers(frozen_items(rating.round_id), raw), parse_marks(raw)
    except Refused:
        return False
    first = rating.concept.name if rating.concept else ""
    second = rating.second_concept.name if rating.second_concept else ""
    return (
        (answers.outcome, answers.values, answers.rationale) == (rating.outcome, rating.answers, rating.rationale)
        and answers.concept.casefold() == first.casefold()
        and (marks.second_concept if rating.concept else "").casefold() == second.casefold()
        and (marks.evidence_rows, marks.fit_rows) == (rating.evidence, rating.fits)
    )
