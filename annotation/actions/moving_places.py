"""Moves free places from one institution's quota to another's, where people are left who may take them."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from annotation.actions import audit
from annotation.enums import AuditVerb, Role, SlotState
from annotation.models import Institution, Slot, Study, User
from annotation.queries.barred_raters import BARRED
from annotation.rules.membership import check_role
from annotation.rules.reassigning import FOR_ANYONE
from annotation.rules.refusal import Refused

MOVABLE = f"""
WITH free AS (
    SELECT s.id, s.latent_id, s.priority, s.turn,
        row_number() OVER (PARTITION BY s.latent_id ORDER BY s.priority DESC, s.turn DESC, s.id DESC) AS place
    FROM annotation_slot s JOIN annotation_round o ON o.id = s.round_id
    WHERE o.study_id = %(study)s AND o.state = 'open' AND o.kind = ANY(%(kinds)s)
      AND s.state = 'open' AND s.reserved_for_id IS NULL AND s.institution_id = %(source)s
)
SELECT free.id FROM free JOIN annotation_sampledlatent l ON l.id = free.latent_id
WHERE free.place <= (
    SELECT count(*) FROM annotation_membership m JOIN annotation_user u ON u.id = m.user_id AND u.is_active
    WHERE m.study_id = l.study_id AND m.role = 'annotator' AND m.withdrawn_at IS NULL
      AND m.institution_id = %(target)s AND NOT {BARRED}
) - (
    SELECT count(*) FROM annotation_slot t JOIN annotation_round o ON o.id = t.round_id
    WHERE t.latent_id = l.id AND t.institution_id = %(target)s AND t.state = 'open' AND t.reserved_for_id IS NULL
      AND o.state = 'open'
)
ORDER BY free.priority DESC, free.turn DESC, free.id DESC
LIMIT %(number)s
"""
"""Those that would be handed out last go first; never more on a latent than the target has raters left for."""


@transaction.atomic
def move_places(*, study: Study, source: Institution, target: Institution, number: int, by: User, now: datetime) -> int:
    """How many moved: up to `number`, as many as are free and the target's raters may take.

    Raises Refused for anyone but the study's researcher, for a number that is none, and where nothing can move.
    """
    check_role(by, study, Role.RESEARCHER)
    if number < 1:
        raise Refused("Say how many places move: 1 or more.")
    if source.pk == target.pk:
        raise Refused("Choose two different institutions.")
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    kinds = [str(kind) for kind in FOR_ANYONE]
    parameters: dict[str, Any] = {
        "study": study.pk,
        "kinds": kinds,
        "number": number,
        "source": source.pk,
        "target": target.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(MOVABLE, parameters)
        ids = [pk for (pk,) in cursor.fetchall()]
    # A rater may be handed one of them at this moment: hers stays where it is.
    free = Slot.objects.filter(pk__in=ids, state=SlotState.OPEN, reserved_for=None, institution=source)
    moved = free.update(institution=target)
    if not moved:
        raise Refused(
            f"No free place of {source.name} can move to {target.name}: nothing is free, or all of {target.name}’s "
            "raters have rated, read or declined those latents."
        )
    audit.record(
        AuditVerb.STUDY_CHANGED, study, by=by, now=now, study=study, moved=moved, giver=source.pk, taker=target.pk
    )
    return moved
