"""Opens a case for what stays ambiguous; a second opinion and a repeat look like one to her whom they ask."""

from datetime import datetime

from annotation.actions import audit
from annotation.enums import AuditVerb, CaseKind
from annotation.models import Case, Decision, SampledLatent, User


def open_case(*, latent: SampledLatent, why: str, now: datetime) -> Case:
    """A case for a persistently ambiguous latent; there is at most one."""
    case, created = Case.objects.get_or_create(
        latent=latent, kind=CaseKind.FIRST, defaults={"study": latent.study, "why": why, "opened_at": now}
    )
    if created:
        audit.record(AuditVerb.CASE_OPENED, case, by=None, now=now, study=latent.study, latent=latent.pk)
    return case


def put_beside(*, decision: Decision, kind: CaseKind, asks: User, now: datetime) -> Case:
    """A case of its own, with a number of its own, that only `asks` may decide; there is at most one of a kind.

    Its decision is compared with `decision` and changes no latent's state. The database refuses who rated the latent.
    """
    first = decision.case
    case, created = Case.everything.get_or_create(
        kind=kind,
        beside=decision,
        defaults={
            "study_id": first.study_id,
            "latent_id": first.latent_id,
            "why": first.why,
            "opened_at": now,
            "asks": asks,
        },
    )
    if created:
        audit.record(
            AuditVerb.CASE_OPENED, case, by=None, now=now, study=first.study_id, latent=first.latent_id, kind=kind
        )
    return case
