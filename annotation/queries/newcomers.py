"""Raters who joined since a latent last asked for any, and may rate it: it waits for people no longer."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from django.db import connection

from annotation.queries.barred_raters import BARRED

NEWCOMERS = f"""
SELECT l.study_id, l.id, m.institution_id FROM annotation_sampledlatent l
JOIN annotation_membership m ON m.study_id = l.study_id AND m.role = 'annotator' AND m.withdrawn_at IS NULL
JOIN annotation_user u ON u.id = m.user_id AND u.is_active
WHERE l.state = 'recruiting' AND l.calibration_set IS NULL
AND (%(latents)s::bigint[] IS NULL OR l.id = ANY(%(latents)s))
AND greatest(m.joined_at, m.calibrated_at) > COALESCE((
    SELECT max(COALESCE(o.closed_at, o.opened_at)) FROM annotation_round o
    WHERE o.study_id = l.study_id AND o.kind IN ('independent', 'extra') AND (o.closed_at IS NOT NULL OR EXISTS (
        SELECT 1 FROM annotation_slot asked WHERE asked.round_id = o.id AND asked.latent_id = l.id))), '-infinity')
AND NOT EXISTS (
    SELECT 1 FROM annotation_slot s JOIN annotation_round o ON o.id = s.round_id
    WHERE s.latent_id = l.id AND s.state <> 'submitted' AND o.state = 'open' AND o.kind <> 'retest')
AND NOT {BARRED}
"""
"""Whoever was there when the study's last round was closed has been asked. While one is open it asks whom it finds:
those who came after it opened are new to a latent whose places in it are all taken.
"""


def newcomers(latents: Collection[int]) -> Mapping[int, list[int]]:
    """By sampled latent, the institutions of those who are new to it, one entry a person. One statement."""
    found: dict[int, list[int]] = defaultdict(list)
    for _, latent, institution in _rows(list(latents)):
        found[latent].append(institution)
    return found


def studies_with_newcomers() -> set[int]:
    """Studies with a latent that waits for raters and has some who are new to it. One statement."""
    return {study for study, _, _ in _rows(None)}


def _rows(latents: list[int] | None) -> list[tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(NEWCOMERS, {"latents": latents})
        return cursor.fetchall()
