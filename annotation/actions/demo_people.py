"""The demo's people and their institutions: those whom a newcomer enters as, and those whom a program plays."""

from datetime import datetime
from typing import NamedTuple

from annotation.actions.institutions import add_institution
from annotation.actions.people import add_member
from annotation.enums import Role
from annotation.models import Institution, Membership, Study, User


class Person(NamedTuple):
    email: str
    name: str
    role: Role
    institution: str | None

    @property
    def part(self) -> str:
        """What she does, for the list of links. Who adjudicates also sets the calibration's references."""
        names = {Role.ANNOTATOR: "rater", Role.ADJUDICATOR: "adjudicator and senior panel"}
        return names.get(self.role, self.role.label.lower())


INSTITUTIONS = (
    ("Northgate University Hospital", "north"),
    ("St Brigid Infirmary", "brigid"),
    ("Harbour Clinic", "harbour"),
)
PEOPLE = (
    Person("rater.north@demo.example", "Dr Ade (Northgate)", Role.ANNOTATOR, "north"),
    Person("rater.brigid@demo.example", "Dr Brandt (St Brigid)", Role.ANNOTATOR, "brigid"),
    Person("rater.harbour@demo.example", "Dr Chen (Harbour)", Role.ANNOTATOR, "harbour"),
    Person("adjudicator@demo.example", "Prof Duarte", Role.ADJUDICATOR, None),
    Person("researcher@demo.example", "Dr Eriksen", Role.RESEARCHER, None),
    Person("coordinator@demo.example", "Ms Farah (Northgate)", Role.COORDINATOR, "north"),
)
SIMULATED_RATERS = tuple(
    Person(f"{code}.{number}@simulated.invalid", f"Simulated rater {code} {number}", Role.ANNOTATOR, code)
    for _, code in INSTITUTIONS
    for number in (1, 2, 3)
)
SIMULATED_CHIEF = Person("adjudicator@simulated.invalid", "Simulated adjudicator", Role.ADJUDICATOR, None)
SIMULATED_PANEL = tuple(
    Person(f"panel.{number}@simulated.invalid", f"Simulated senior physician {number}", Role.ADJUDICATOR, None)
    for number in (1, 2)
)
ADMINISTRATOR = ("administrator@demo.example", "Administrator")


def institutions(*, now: datetime) -> dict[str, Institution]:
    return {code: add_institution(code=code, name=name, by=None, now=now) for name, code in INSTITUTIONS}


def person(role: Role) -> Person:
    """The first of the demo's people in that role."""
    return next(one for one in PEOPLE if one.role == role)


def user(one: Person) -> User:
    existing = User.objects.filter(email=one.email).first()
    return existing or User.objects.create_user(one.email, name=one.name)


def administrator() -> User:
    email, name = ADMINISTRATOR
    return User.objects.filter(email=email).first() or User.objects.create_superuser(email, name=name)


def join(study: Study, *people: Person, now: datetime) -> list[Membership]:
    """Make them members of the study, and the administrator a researcher of it."""
    known = institutions(now=now)
    add_member(study=study, user=administrator(), role=Role.RESEARCHER, institution=None, by=None, now=now)
    return [
        add_member(
            study=study,
            user=user(one),
            role=one.role,
            institution=known[one.institution] if one.institution else None,
            by=None,
            now=now,
        )
        for one in people
    ]
