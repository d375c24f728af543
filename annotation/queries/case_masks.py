"""Latents whose earlier decision is kept from an adjudicator while she is asked about them apart."""

from django.db.models import QuerySet

from annotation.enums import CaseKind, CaseState
from annotation.models import Case, Study, User
from annotation.rules.refusal import Refused

MASKED = "This case is closed to you for now. It opens again by itself."


def masked_latents(user: User, study: Study) -> frozenset[int]:
    """Sampled latents on which a second opinion or a repeat of hers is open. One statement."""
    return frozenset(_open(user).filter(study=study).values_list("latent", flat=True))


def check_not_masked(case: Case, user: User) -> None:
    """Raises Refused where an earlier decision on the case would be shown to her who is to decide without it."""
    if _open(user).filter(latent=case.latent_id).exclude(pk=case.pk).exists():
        raise Refused(MASKED)


def _open(user: User) -> QuerySet[Case]:
    return Case.everything.filter(asks=user.pk, state=CaseState.OPEN).exclude(kind=CaseKind.FIRST)
