"""Latents that every rater who could take them has given back: they wait for people of another field."""

from dataclasses import dataclass

from django.db import connection

from annotation.models import Study
from annotation.rules.handing_out import FOR_ANYONE, FREE, barred, had, of_her_institution

NOBODY_LEFT = f"""
SELECT count(DISTINCT s.latent_id), count(*)
FROM annotation_slot s JOIN annotation_round o ON o.id = s.round_id
WHERE o.study_id = %(study)s AND o.state = 'open' AND {FREE} AND {FOR_ANYONE}
    AND s.latent_id IN (
        SELECT d.latent_id FROM annotation_decline d JOIN annotation_sampledlatent l ON l.id = d.latent_id
        WHERE l.study_id = %(study)s)
    AND NOT EXISTS (
        SELECT 1 FROM annotation_membership m JOIN annotation_user u ON u.id = m.user_id
        WHERE m.study_id = o.study_id AND m.role = 'annotator' AND m.withdrawn_at IS NULL AND u.is_active
            AND {of_her_institution("m.institution_id")}
            AND s.latent_id NOT IN ({barred("m.user_id")})
            AND s.latent_id NOT IN (SELECT latent_id FROM ({had("m.user_id")}) hers))
"""


@dataclass(frozen=True, kw_only=True)
class DeclinedByAll:
    latents: int
    places: int


def declined_by_all(study: Study) -> DeclinedByAll:
    """Latents of open rounds with free places that nobody is left for, at least one rater having declined. One
    statement, over declined latents alone.
    """
    with connection.cursor() as cursor:
        cursor.execute(NOBODY_LEFT, {"study": study.pk})
        latents, places = cursor.fetchone()
    return DeclinedByAll(latents=latents, places=places)
