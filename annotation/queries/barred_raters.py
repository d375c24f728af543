"""Who may not be given a place on which latent: the conditions under which places are handed out, as a set of pairs."""

from collections.abc import Collection

from django.db import connection

from annotation.rules.handing_out import barred, had

BARRED = f"""(
    EXISTS (SELECT 1 FROM ({had("m.user_id")}) hers WHERE hers.latent_id = l.id)
    OR EXISTS (SELECT 1 FROM ({barred("m.user_id")}) never WHERE never.latent_id = l.id)
    OR EXISTS (SELECT 1 FROM annotation_slot x WHERE x.latent_id = l.id AND x.reserved_for_id = m.user_id)
)"""
"""Whether the person of membership m rated, holds, declined, judged or read the sampled latent l."""

PAIRS = f"""
SELECT l.id, m.user_id FROM annotation_sampledlatent l
JOIN annotation_membership m ON m.study_id = l.study_id AND m.role = 'annotator'
WHERE l.id = ANY(%(latents)s) AND {BARRED}
"""


def barred_pairs(latents: Collection[int]) -> frozenset[tuple[int, int]]:
    """(sampled latent, person) of the study's annotators. One statement; for the few latents of one page."""
    if not latents:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(PAIRS, {"latents": list(latents)})
        return frozenset(cursor.fetchall())
