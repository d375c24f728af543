"""How many rationales wait for whom, to be read blinded."""

from collections.abc import Sequence

from django.db import connection

from annotation.enums import RoundKind, RoundState
from annotation.models import Membership, Study
from annotation.rules.reading_blindness import MAY_READ_NOW

WAITING = f"""
WITH asked AS MATERIALIZED (
    SELECT DISTINCT r.latent_id, r.rater_id FROM annotation_readingslot s
    JOIN annotation_round o ON o.id = s.round_id AND o.study_id = %(study)s AND o.state = 'open'
    JOIN annotation_rating r ON r.id = s.rating_id
    WHERE s.state = 'open'
)
SELECT m.id,
    (SELECT count(*) FROM annotation_readingslot h JOIN annotation_round o ON o.id = h.round_id
     WHERE o.study_id = %(study)s AND o.state = 'open' AND h.state = 'leased' AND h.reader_id = m.user_id),
    (SELECT count(DISTINCT l.latent_id) FROM asked r JOIN annotation_sampledlatent l ON l.id = r.latent_id
     WHERE {MAY_READ_NOW})
FROM annotation_membership m WHERE m.id = ANY(%(members)s::bigint[])
"""


def readings_waiting(members: Sequence[Membership]) -> dict[int, int]:
    """What each has begun to read and what could be handed to her now, one rationale a latent, by membership.

    members: of one study. One statement where no reading round is open, two otherwise.
    """
    return {pk: held + left for pk, (held, left) in _counted(members).items()}


def readings_left(membership: Membership) -> int:
    """How many rationales could be handed to her now besides the one that she reads."""
    return _counted([membership]).get(membership.pk, (0, 0))[1]


def _counted(members: Sequence[Membership]) -> dict[int, tuple[int, int]]:
    """(held, left) by membership; those without either may be left out."""
    if not members or not _open(members[0].study_id):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(WAITING, {"study": members[0].study_id, "members": [member.pk for member in members]})
        return {pk: (held, left) for pk, held, left in cursor.fetchall()}


def _open(study: int) -> bool:
    return Study.objects.filter(pk=study, rounds__kind=RoundKind.READING, rounds__state=RoundState.OPEN).exists()
