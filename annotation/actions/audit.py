"""Writes the audit event of an action, inside its transaction.

Actions that meet lock in one order, so that they wait for one another and never in a circle: the study's row, its
round's, places, the person (`consilium rater`), terms by their small letters, the facts about a study's concepts
(`consilium concepts`), a membership's row, and last the study's audit chain. The first event takes the chain and keeps
it until the transaction ends: whatever else an action locks, it locks before
(tests/integration/actions/test_lock_order.py).
"""

from datetime import datetime
from typing import Any

from annotation.actions.webhook_outbox import lay_deliveries
from annotation.enums import AuditVerb
from annotation.models import AuditEvent, Study, User


def record(
    verb: AuditVerb, target: Any, *, by: User | None, now: datetime, study: Study | int | None = None, **detail: Any
) -> AuditEvent:
    """One event in the study's chain. `detail` holds ids, counts and digests, never clinical text."""
    event = AuditEvent.objects.create(
        study=study.pk if isinstance(study, Study) else study or 0,
        number=0,
        at=now,
        actor=by.pk if by else 0,
        verb=verb,
        target=f"{target._meta.model_name}:{target.pk}",
        detail=detail,
    )
    lay_deliveries(event)
    return event
