"""Whose raters are whose: a coordinator's own institution's, a researcher's all, and those by pseudonym only."""

from django.db.models import QuerySet

from annotation.enums import Role
from annotation.models import Membership, Study, User
from annotation.rules.membership import active, check_role
from annotation.rules.refusal import NotYours, Refused

NOT_AMONG_YOURS = "There is no such person among yours."


def directs(user: User, study: Study) -> bool:
    """Whether she is a researcher of the study: then she sees everybody, and nobody's name beside a rating."""
    return active(study).filter(user_id=user.pk, role=Role.RESEARCHER).exists()


def looked_after(user: User, study: Study) -> QuerySet[Membership]:
    """The raters that she looks after, those who withdrew among them.

    Raises NotYours for a stranger, Refused for a member who looks after nobody.
    """
    check_role(user, study, Role.RESEARCHER, Role.COORDINATOR)
    raters = Membership.objects.filter(study=study, role=Role.ANNOTATOR, user__is_active=True)
    if directs(user, study):
        return raters
    own = active(study).filter(user_id=user.pk, role=Role.COORDINATOR).values("institution")
    return raters.filter(institution__in=own)


def check_looks_after(user: User, membership: Membership) -> None:
    """Raises NotYours if the rater is not among hers."""
    if not looked_after(user, membership.study).filter(pk=membership.pk).exists():
        raise NotYours(NOT_AMONG_YOURS)


def check_signs(user: User, membership: Membership) -> None:
    """Who signs a rater's hours: a coordinator of her institution, but nobody her own; where that leaves nobody, a
    researcher. Raises NotYours for anyone else, Refused for her own.
    """
    coordinators = (
        active(membership.study)
        .filter(role=Role.COORDINATOR, institution=membership.institution_id)
        .exclude(user=membership.user_id)
    )
    if user.pk == membership.user_id:
        raise Refused("Nobody signs her own hours. Another coordinator does, or the study's researcher.")
    if membership.role == Role.ANNOTATOR and coordinators.filter(user_id=user.pk).exists():
        return
    check_looks_after(user, membership)
    if coordinators.exists():
        raise Refused("Her hours are signed by the coordinator of her institution.")


def may_sign(user: User, membership: Membership) -> bool:
    try:
        check_signs(user, membership)
    except Refused:
        return False
    return True
