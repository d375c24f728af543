"""Who takes part, by institution: roles counted, people only by pseudonym."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db.models import Count

from annotation.enums import Role
from annotation.models import Institution, Membership, Study, User
from annotation.rules.membership import active


@dataclass(frozen=True, kw_only=True)
class InstitutionTotals:
    name: str
    """Empty for people who belong to no institution in the study."""
    roles: tuple[tuple[str, int], ...]
    """(word, people) in the order of the roles."""
    pseudonyms: tuple[str, ...]
    ratings: int


def institution_totals(study: Study) -> tuple[InstitutionTotals, ...]:
    """Institutions by name, people without one last. Two statements."""
    members: dict[str, list[Membership]] = defaultdict(list)
    joined = active(study).select_related("institution")
    for membership in joined.order_by("pseudonym"):
        members[membership.institution.name if membership.institution else ""].append(membership)
    counted = study.ratings.filter(revision=1).values_list("institution__name").annotate(Count("pk")).order_by()
    ratings: dict[str, int] = dict(counted)
    return tuple(
        InstitutionTotals(
            name=name,
            roles=_role_counts(members[name]),
            pseudonyms=tuple(member.pseudonym for member in members[name]),
            ratings=ratings.get(name, 0),
        )
        for name in sorted(members, key=lambda name: (not name, name))
    )


def _role_counts(members: list[Membership]) -> tuple[tuple[str, int], ...]:
    counts = Counter(member.role for member in members)
    return tuple((_plural(role, counts[role]), counts[role]) for role in Role if counts[role])


def _plural(role: Role, people: int) -> str:
    word = role.label.lower()
    return word if people == 1 else f"{word}s"


def institutions_coordinated(user: User, study: Study) -> tuple[Institution, ...]:
    """Those whose people the coordinator looks after."""
    mine = active(study).filter(user_id=user.pk, role=Role.COORDINATOR)
    return tuple(Institution.objects.filter(membership__in=mine).distinct().order_by("name"))


def rater_count(study: Study, institutions: tuple[Institution, ...] | None = None) -> int:
    """Annotators who may still rate."""
    raters = active(study).filter(role=Role.ANNOTATOR)
    return (raters if institutions is None else raters.filter(institution__in=institutions)).count()
