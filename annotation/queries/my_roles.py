"""Which roles a person holds in which study."""

from collections import defaultdict
from collections.abc import Mapping

from annotation.enums import Role
from annotation.models import Membership, User


def roles_by_study(user: User) -> Mapping[int, frozenset[Role]]:
    """Memberships in force, by study. One statement."""
    held: dict[int, set[Role]] = defaultdict(set)
    mine = Membership.objects.filter(user=user, user__is_active=True, withdrawn_at__isnull=True)
    for study, role in mine.values_list("study", "role"):
        held[study].add(Role(role))
    return {study: frozenset(roles) for study, roles in held.items()}
