"""Hands a rater her next latent: one statement, no count-then-lock (docs/adr/0004-slots.md)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from annotation.enums import Role, RoundState, SlotState
from annotation.models import Slot, Study, User
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused

CLAIM = """
UPDATE annotation_slot SET state = 'leased', rater_id = %(rater)s, lease_token = gen_random_uuid(),
    lease_expires_at = %(expires)s
WHERE id = (
    SELECT s.id FROM annotation_slot s
    WHERE s.round_id = %(round)s AND s.state = 'open'
      AND (s.institution_id IS NULL OR s.institution_id = %(institution)s)
      AND NOT EXISTS (SELECT 1 FROM annotation_slot mine
                      WHERE mine.latent_id = s.latent_id AND mine.rater_id = %(rater)s)
      AND NOT EXISTS (SELECT 1 FROM annotation_rating mine
                      WHERE mine.latent_id = s.latent_id AND mine.rater_id = %(rater)s)
      AND NOT EXISTS (SELECT 1 FROM annotation_reference own
                      WHERE own.latent_id = s.latent_id AND own.set_by_id = %(rater)s)
      AND NOT EXISTS (SELECT 1 FROM annotation_case c JOIN annotation_decision d ON d.case_id = c.id
                      WHERE c.latent_id = s.latent_id AND d.adjudicator_id = %(rater)s)
    ORDER BY s.priority, s.id
    FOR UPDATE OF s SKIP LOCKED
    LIMIT 1
)
RETURNING id
"""
TRIES = 5


def claim(*, study: Study, by: User, now: datetime) -> Slot | None:
    """The rater's live slot if she holds one, or the next free one, or None if nothing is left for her.

    Leases that ran out are free again. Raises Refused for people who do not rate in the study.
    """
    membership = check_role(by, study, Role.ANNOTATOR)
    expires = now + timedelta(minutes=settings.LEASE_MINUTES)
    if held := _renew(study, by, now, expires):
        return held
    for round_id in _open_rounds(study):
        for _ in range(TRIES):
            slot = _take(round_id, by, membership.institution_id, expires)
            if slot is not None:
                return slot
            if not release_expired(round_id=round_id, now=now):
                break
    return None


def release_expired(*, round_id: int, now: datetime) -> int:
    """Make places free whose lease has run out. Drafts stay, and a late rating is kept."""
    return Slot.objects.filter(round_id=round_id, state=SlotState.LEASED, lease_expires_at__lt=now).update(
        state=SlotState.OPEN, rater=None, lease_token=None, lease_expires_at=None
    )


def _open_rounds(study: Study) -> list[int]:
    return list(study.rounds.filter(state=RoundState.OPEN).order_by("number").values_list("pk", flat=True))


def _renew(study: Study, by: User, now: datetime, expires: datetime) -> Slot | None:
    held = Slot.objects.filter(
        round__study=study, round__state=RoundState.OPEN, rater=by, state=SlotState.LEASED, lease_expires_at__gte=now
    )
    slot = held.order_by("pk").first()
    if slot is None or held.filter(pk=slot.pk).update(lease_expires_at=expires) != 1:
        return None
    return slot


def _take(round_id: int, by: User, institution_id: int | None, expires: datetime) -> Slot | None:
    """One claim. Two tabs of one rater may pick two places on one latent: the constraint stops one: it tries again."""
    parameters = {"round": round_id, "rater": by.pk, "institution": institution_id, "expires": expires}
    for _ in range(TRIES):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(CLAIM, parameters)
                row = cursor.fetchone()
        except IntegrityError:
            continue
        return Slot.objects.get(pk=row[0]) if row else None
    raise Refused("Another window of yours is asking at the same moment. Reload this page.")
