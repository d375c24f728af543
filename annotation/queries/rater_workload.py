"""How far each rater of a study is: rated, left for her, last seen at work. Numbers and dates, never a rating."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from annotation.enums import Role
from annotation.models import Institution, Membership, Study

WORKLOADS = """
SELECT m.id,
    (SELECT count(DISTINCT r.latent_id) FROM annotation_rating r
     WHERE r.study_id = m.study_id AND r.rater_id = m.user_id),
    (SELECT count(DISTINCT s.latent_id)
     FROM annotation_slot s JOIN annotation_round o ON o.id = s.round_id
     WHERE o.study_id = m.study_id AND o.state = 'open' AND (
        (s.state = 'leased' AND s.rater_id = m.user_id)
        OR ((s.state = 'open' OR (s.state = 'leased' AND s.lease_expires_at < %(now)s))
            AND (s.institution_id IS NULL OR s.institution_id = m.institution_id)
            AND NOT EXISTS (SELECT 1 FROM annotation_slot x WHERE x.latent_id = s.latent_id AND x.rater_id = m.user_id)
            AND NOT EXISTS (SELECT 1 FROM annotation_rating x
                            WHERE x.latent_id = s.latent_id AND x.rater_id = m.user_id)
            AND NOT EXISTS (SELECT 1 FROM annotation_reference x
                            WHERE x.latent_id = s.latent_id AND x.set_by_id = m.user_id)
            AND NOT EXISTS (SELECT 1 FROM annotation_case c JOIN annotation_decision d ON d.case_id = c.id
                            WHERE c.latent_id = s.latent_id AND d.adjudicator_id = m.user_id)))),
    greatest(
        (SELECT max(r.submitted_at) FROM annotation_rating r WHERE r.study_id = m.study_id AND r.rater_id = m.user_id),
        (SELECT max(f.saved_at) FROM annotation_draft f JOIN annotation_round o ON o.id = f.round_id
         WHERE o.study_id = m.study_id AND f.rater_id = m.user_id))
FROM annotation_membership m
WHERE m.study_id = %(study)s AND m.role = 'annotator' AND (%(everybody)s OR m.institution_id = ANY(%(own)s))
"""
"""What is left follows the same conditions as actions.claiming, which hands places out."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    membership: Membership
    rated: int
    left: int
    """Latents that she holds or could be handed now. Colleagues take places too, so that it may shrink."""
    last_active: datetime | None
    """Her last rating or saved draft."""


def workloads(
    study: Study, *, now: datetime, institutions: Iterable[Institution] | None = None
) -> tuple[Workload, ...]:
    """Annotators by institution and pseudonym; with `institutions`, theirs only. Two statements."""
    members = Membership.objects.filter(study=study, role=Role.ANNOTATOR).select_related("user", "institution")
    own = None if institutions is None else [institution.pk for institution in institutions]
    if own is not None:
        members = members.filter(institution__in=own)
    parameters: dict[str, Any] = {"study": study.pk, "now": now, "everybody": own is None, "own": own or []}
    with connection.cursor() as cursor:
        cursor.execute(WORKLOADS, parameters)
        found = {pk: (rated, left, last) for pk, rated, left, last in cursor.fetchall()}
    return tuple(
        Workload(
            membership=member, rated=found[member.pk][0], left=found[member.pk][1], last_active=found[member.pk][2]
        )
        for member in members.order_by("institution__name", "pseudonym")
        if member.pk in found
    )
