"""Whom a person may invite, and to whom she may hand a link that opens an account."""

from collections.abc import Iterable

from annotation.enums import Role
from annotation.models import Institution, Membership, Study, User
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused


def roles_to_give(by: User, study: Study) -> tuple[Role, ...]:
    """The roles that she may give in the study, the most usual first."""
    return tuple(Role) if _directs(by, study) else (Role.ANNOTATOR,) if _coordinated(by, study) else ()


def check_invitation(by: User, study: Study, *, role: Role, institution: Institution | None) -> None:
    """A researcher invites anyone, a coordinator annotators of her own institution. Raises Refused otherwise."""
    check_role(by, study, Role.RESEARCHER, Role.COORDINATOR)
    if _directs(by, study):
        return
    if role != Role.ANNOTATOR or institution is None or institution.pk not in _coordinated(by, study):
        raise Refused("A coordinator invites annotators of her own institution. For others ask the study's researcher.")


def may_hand_link(by: User, to: User, study: Study) -> bool:
    """Whether she may hold a link that opens this person's account."""
    return to.pk in accounts_to_open(by, [to], study)


def accounts_to_open(by: User, people: Iterable[User], study: Study) -> frozenset[int]:
    """Ids of those to whom she may hand a link. The same number of statements however many they are.

    Only people whose every membership is hers to give: otherwise inviting somebody by her address would open another
    study, or another role, to the inviter.
    """
    plain = {one.pk for one in people if one.is_active and not (one.is_staff or one.is_superuser or one.pk == by.pk)}
    held = Membership.objects.filter(user__in=plain)
    if _directs(by, study):
        directed = Membership.objects.filter(user=by, role=Role.RESEARCHER).values("study")
        beyond = held.exclude(study__in=directed)
    else:
        own = held.filter(study=study, role=Role.ANNOTATOR, institution__in=_coordinated(by, study))
        beyond = held.exclude(pk__in=own.values("pk"))
    return frozenset(plain - set(beyond.values_list("user", flat=True)))


def _directs(by: User, study: Study) -> bool:
    return Membership.objects.filter(user=by, study=study, role=Role.RESEARCHER, user__is_active=True).exists()


def _coordinated(by: User, study: Study) -> set[int]:
    held = Membership.objects.filter(user=by, study=study, role=Role.COORDINATOR, user__is_active=True)
    return {pk for pk in held.values_list("institution", flat=True) if pk is not None}
