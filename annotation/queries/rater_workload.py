"""How far each rater of a study is: rated, left for her, last seen at work. Numbers and dates, never a rating."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from annotation.enums import Role
from annotation.models import Institution, Membership, Study
from annotation.queries.reach import reaches
from annotation.rules.next_task import TaskStanding

WORKLOADS = """
SELECT m.id,
    (SELECT count(DISTINCT r.latent_id) FROM annotation_rating r
     WHERE r.study_id = m.study_id AND r.rater_id = m.user_id),
    greatest(
        (SELECT max(r.submitted_at) FROM annotation_rating r WHERE r.study_id = m.study_id AND r.rater_id = m.user_id),
        (SELECT max(f.saved_at) FROM annotation_draft f JOIN annotation_round o ON o.id = f.round_id
         WHERE o.study_id = m.study_id AND f.rater_id = m.user_id))
FROM annotation_membership m
WHERE m.study_id = %(study)s AND m.role = 'annotator' AND (%(everybody)s OR m.institution_id = ANY(%(own)s::bigint[]))
"""


@dataclass(frozen=True, kw_only=True)
class Workload:
    membership: Membership
    rated: int
    left: int
    """Latents that she holds or could be handed now. Colleagues take places too, so that it may shrink."""
    readings: int
    """Rationales that she could read now."""
    last_active: datetime | None
    """Her last rating or saved draft."""
    standing: TaskStanding
    """What comes to her next, for rules.next_task.explained."""


def workloads(
    study: Study, *, now: datetime, institutions: Iterable[Institution] | None = None
) -> tuple[Workload, ...]:
    """Annotators by institution and pseudonym; with `institutions`, theirs only. As many statements for all as for two.

    Calibration latents are among those rated, and the only ones left for a rater who has not passed.
    """
    members = Membership.objects.filter(study=study, role=Role.ANNOTATOR, external=None)
    members = members.select_related("user", "institution")
    own = None if institutions is None else [institution.pk for institution in institutions]
    if own is not None:
        members = members.filter(institution__in=own)
    parameters: dict[str, Any] = {"study": study.pk, "everybody": own is None, "own": own or []}
    with connection.cursor() as cursor:
        cursor.execute(WORKLOADS, parameters)
        found = {pk: (rated, last) for pk, rated, last in cursor.fetchall()}
    listed = [member for member in members.order_by("institution__name", "pseudonym") if member.pk in found]
    reach = reaches(study, listed, now=now)
    return tuple(
        Workload(
            membership=member,
            rated=found[member.pk][0],
            left=reach[member.pk].left,
            readings=reach[member.pk].readings,
            last_active=found[member.pk][1],
            standing=reach[member.pk].standing,
        )
        for member in listed
    )
