"""How long each rater takes, what she declined, and when she was last written to."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from annotation.models import Study

PACES = """
SELECT m.id, count(r.active_seconds), count(r.id) - count(r.active_seconds),
    percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY r.active_seconds)
FROM annotation_membership m
LEFT JOIN annotation_rating r ON r.study_id = m.study_id AND r.rater_id = m.user_id AND r.revision = 1
WHERE m.study_id = %(study)s AND m.role = 'annotator'
GROUP BY m.id
"""
ASIDE = """
SELECT m.id,
    (SELECT count(*) FROM annotation_decline d JOIN annotation_round o ON o.id = d.round_id
     WHERE o.study_id = m.study_id AND d.rater_id = m.user_id),
    (SELECT max(n.sent_at) FROM annotation_reminder n WHERE n.membership_id = m.id)
FROM annotation_membership m
WHERE m.study_id = %(study)s AND m.role = 'annotator'
"""


@dataclass(frozen=True, kw_only=True)
class Pace:
    timed: int
    """Ratings whose time was counted: the n of the quartiles."""
    untimed: int
    """Ratings whose browser counted no time."""
    quartile: float | None
    """Active seconds a rating: a quarter took no longer than this, half no longer than `median`."""
    median: float | None
    upper_quartile: float | None
    declined: int
    reminded_at: datetime | None


def rater_paces(study: Study) -> dict[int, Pace]:
    """By membership, of every annotator. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(ASIDE, {"study": study.pk})
        aside = {pk: (declined, reminded) for pk, declined, reminded in cursor.fetchall()}
        cursor.execute(PACES, {"study": study.pk})
        rows = cursor.fetchall()
    return {
        pk: Pace(
            timed=timed,
            untimed=untimed,
            quartile=quartiles[0] if quartiles else None,
            median=quartiles[1] if quartiles else None,
            upper_quartile=quartiles[2] if quartiles else None,
            declined=aside[pk][0],
            reminded_at=aside[pk][1],
        )
        for pk, timed, untimed, quartiles in rows
    }
