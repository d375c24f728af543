"""What a person may do in a study: everything follows from her memberships there, and nothing from being signed in."""

from typing import NoReturn

from django.db.models import QuerySet

from annotation.enums import Role
from annotation.models import Membership, Study, User
from annotation.models.prepared import prepared
from annotation.rules.refusal import NotYours, Refused

STRANGER = "There is no such study among yours. Ask its researcher to add you."


def roles_of(user: User, study: Study) -> frozenset[Role]:
    """The person's roles in the study; empty for a stranger."""
    return frozenset(Role(membership.role) for membership in _in_force(study.pk, user.pk))


def check_entry(user: User, study: Study, *allowed: Role) -> frozenset[Role]:
    """All roles of a person who may enter: a member, in one of the roles where some are named. One statement.

    Raises NotYours for a stranger, Refused for a member in another role.
    """
    roles = roles_of(user, study)
    if not roles:
        _turn_away(user, study)
    if allowed and not roles & set(allowed):
        raise Refused(_needs(study, allowed))
    return roles


def check_role(user: User, study: Study, *allowed: Role) -> Membership:
    """The membership that allows it, or a refusal: unknown to strangers, explained to members.

    Raises NotYours for a stranger, Refused for a member in another role.
    """
    memberships = _in_force(study.pk, user.pk)
    if not memberships:
        _turn_away(user, study)
    for membership in memberships:
        if membership.role in allowed:
            return membership
    raise Refused(_needs(study, allowed))


def check_researcher(user: User | None, study: Study) -> None:
    """For acts that the system itself may do too (None). Raises like `check_role`."""
    if user is not None:
        check_role(user, study, Role.RESEARCHER)


def can(user: User, study: Study, *allowed: Role) -> bool:
    return bool(roles_of(user, study) & set(allowed))


def _needs(study: Study, allowed: tuple[Role, ...]) -> str:
    names = " or ".join(role.label.lower() for role in allowed)
    return f"This needs the role of {names} in {study.name}. Ask the study's researcher for it."


def active(study: Study | int) -> QuerySet[Membership]:
    """Memberships in force: of people who may sign in and have not withdrawn."""
    return Membership.objects.filter(study=study, user__is_active=True, withdrawn_at__isnull=True)


@prepared
def _in_force(study: int, user: int) -> QuerySet[Membership]:
    return active(study).filter(user=user).select_related("institution")


def _turn_away(user: User, study: Study) -> NoReturn:
    """Who withdrew is told so; to a stranger there is no such study."""
    left = Membership.objects.filter(study=study, user_id=user.pk, user__is_active=True).first()
    if left is None or left.withdrawn_at is None:
        raise NotYours(STRANGER)
    raise Refused(f"You withdrew from {study.name} on {left.withdrawn_at:%-d %B %Y}. Nothing of it is open to you.")
