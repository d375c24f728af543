"""What has come into a study so far, as few numbers: a run keeps those that it saw, and "stale" is their comparison."""

from collections.abc import Mapping
from zlib import crc32

from django.db import connection

from annotation.models import Study
from annotation.queries.learnability_scores import SCORE_MARKS
from annotation.queries.result_method import METHOD

LATE = 500
"""Rows may become visible in another order than that of their ids: whoever submits at the same moment commits when she
commits. So many of the newest are told apart, far more than are ever under way at once."""


def _newest(table: str) -> str:
    """SQL of a number that tells the newest rows of study `s` in the table from any others, later or earlier."""
    rows = f"SELECT n.id FROM {table} n WHERE n.study_id = s.id ORDER BY n.id DESC LIMIT {LATE}"
    return f"SELECT sum(late.id)::bigint FROM ({rows}) late"


MARKS: Mapping[str, str] = {
    "rating": "SELECT max(r.id) FROM annotation_rating r WHERE r.study_id = s.id",
    "ratings": _newest("annotation_rating"),
    "reading": "SELECT max(d.id) FROM annotation_reading d WHERE d.study_id = s.id",
    "readings": _newest("annotation_reading"),
    "reference": """SELECT max(f.id) FROM annotation_reference f JOIN annotation_sampledlatent l ON l.id = f.latent_id
        WHERE l.study_id = s.id AND EXISTS (SELECT 1 FROM annotation_rating r WHERE r.latent_id = l.id)""",
    "withheld": "SELECT count(*) FROM annotation_membership m WHERE m.study_id = s.id AND m.ratings_withheld",
    "fact": "SELECT max(c.id) FROM annotation_conceptfact c WHERE c.study_id = s.id",
    "rubric": "s.rubric_id",
    **SCORE_MARKS,
}
"""By name, SQL of a number of study `s` that grows, or at least changes, with what results rest on."""
OF_RATINGS = frozenset({"rating", "ratings"})
"""Names of those that change with every rating."""


def watermarks(study: Study) -> dict[str, int]:
    """One statement."""
    return all_watermarks([study.pk])[study.pk]


def all_watermarks(studies: list[int] | None = None) -> dict[int, dict[str, int]]:
    """By study, of all studies or of these. One statement. An earlier way of computing (`method`) is stale as well."""
    columns = ", ".join(f"COALESCE(({sql}), 0)" for sql in MARKS.values())
    chosen = "" if studies is None else "WHERE s.id = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT s.id, {columns} FROM annotation_study s {chosen}", [] if studies is None else [studies])
        rows = cursor.fetchall()
    method = {"method": crc32(METHOD.encode())}
    return {pk: dict(zip(MARKS, numbers, strict=True)) | method for pk, *numbers in rows}
