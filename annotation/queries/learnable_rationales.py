"""The rationales that let judges foretell most, and those that let them foretell least."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from annotation.models import Rating, Study
from annotation.queries.learnability_scores import READER, Scores, learnability_scores_of
from annotation.queries.own_words import concept_written
from annotation.queries.scorers_in_use import scorers_in_use

SHOWN = 5
EXTREMES = """
SELECT s.rating FROM (
    SELECT d.rating_id AS rating, avg(d.balanced_accuracy) AS value FROM annotation_reading d
    WHERE d.study_id = %(study)s AND NOT EXISTS (SELECT 1 FROM annotation_membership w
        WHERE w.study_id = d.study_id AND w.user_id = d.reader_id AND w.ratings_withheld)
    GROUP BY 1
    UNION ALL
    SELECT c.rating_id, c.value FROM annotation_rationalescore c
    WHERE c.study_id = %(study)s AND c.task = 'detection' AND c.value IS NOT NULL
      AND c.scorer || ' ' || c.version = ANY(%(versions)s)
) s
JOIN annotation_rating r ON r.id = s.rating
WHERE NOT r.id = ANY(%(without)s)
  AND NOT EXISTS (SELECT 1 FROM annotation_rating n WHERE n.latent_id = r.latent_id AND n.round_id = r.round_id
                  AND n.rater_id = r.rater_id AND n.revision > r.revision)
  AND NOT EXISTS (SELECT 1 FROM annotation_membership w
                  WHERE w.study_id = r.study_id AND w.user_id = r.rater_id AND w.ratings_withheld)
GROUP BY 1 ORDER BY avg(s.value) {order}, 1 LIMIT %(number)s
"""


@dataclass(frozen=True, kw_only=True)
class ScoredRationale:
    """Nobody's name: the page is about the words."""

    index: int
    """Of the latent."""
    label: str
    rationale: str
    scores: tuple[tuple[str, float], ...]
    """By judge, people first."""
    mean: float


@dataclass(frozen=True, kw_only=True)
class Extremes:
    most: tuple[ScoredRationale, ...]
    least: tuple[ScoredRationale, ...]
    """Without those that are among the most learnable already."""


def extremes(study: Study, *, number: int = SHOWN) -> Extremes:
    """By the mean over a rationale's judges. Only for pages of those who may see every rating of the study."""
    best = _ratings(study, "DESC", number, without=[])
    worst = _ratings(study, "ASC", number, without=best)
    rows = {
        row.pk: row for row in Rating.objects.select_related("concept", "latent__latent").filter(pk__in=best + worst)
    }
    scores = learnability_scores_of(study, list(rows))
    return Extremes(
        most=tuple(_scored(rows[pk], scores) for pk in best),
        least=tuple(_scored(rows[pk], scores) for pk in worst),
    )


def _ratings(study: Study, order: str, number: int, *, without: list[int]) -> list[int]:
    versions = [f"{scorer} {version}" for scorer, version in scorers_in_use(study).items()]
    values: dict[str, Any] = {"study": study.pk, "versions": versions, "number": number, "without": without}
    with connection.cursor() as cursor:
        cursor.execute(EXTREMES.format(order=order), values)
        return [pk for (pk,) in cursor.fetchall()]


def _scored(rating: Rating, scores: Scores) -> ScoredRationale:
    own: Sequence[tuple[str, float]] = [(one.scorer, one.value) for one in scores[rating.pk]]
    return ScoredRationale(
        index=rating.latent.latent.index,
        label=concept_written(rating),
        rationale=rating.rationale,
        scores=tuple(sorted(own, key=lambda one: (one[0] != READER, one[0]))),
        mean=sum(value for _, value in own) / len(own),
    )
