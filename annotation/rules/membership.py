"""What a person may do in a study: everything follows from her memberships there, and nothing from being signed in."""

from annotation.enums import Role
from annotation.models import Membership, Study, User
from annotation.rules.refusal import NotYours, Refused

STRANGER = "There is no such study among yours. Ask its researcher to add you."


def roles_of(user: User, study: Study) -> frozenset[Role]:
    """The person's roles in the study; empty for a stranger."""
    return frozenset(Role(role) for role in _memberships(user, study).values_list("role", flat=True))


def check_entry(user: User, study: Study, *allowed: Role) -> frozenset[Role]:
    """All roles of a person who may enter: a member, in one of the roles where some are named. One statement.

    Raises NotYours for a stranger, Refused for a member in another role.
    """
    roles = roles_of(user, study)
    if not roles:
        raise NotYours(STRANGER)
    if allowed and not roles & set(allowed):
        raise Refused(_needs(study, allowed))
    return roles


def check_role(user: User, study: Study, *allowed: Role) -> Membership:
    """The membership that allows it, or a refusal: unknown to strangers, explained to members.

    Raises NotYours for a stranger, Refused for a member in another role.
    """
    memberships = list(_memberships(user, study).select_related("institution"))
    if not memberships:
        raise NotYours(STRANGER)
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


def _memberships(user: User, study: Study):  # type: ignore[no-untyped-def]
    return Membership.objects.filter(user_id=user.pk, study=study, user__is_active=True)
