"""People enter by invitation only: a user, a membership in a study, a pseudonym for releases."""

from datetime import datetime

from django.db import transaction

from annotation.actions import audit
from annotation.enums import AuditVerb, Role
from annotation.models import Institution, Membership, Study, User
from annotation.rules.refusal import Refused

PREFIX = {Role.ANNOTATOR: "R", Role.ADJUDICATOR: "A", Role.RESEARCHER: "S", Role.COORDINATOR: "C"}


@transaction.atomic
def add_member(
    *, study: Study, user: User, role: Role, institution: Institution | None, by: User | None, now: datetime
) -> Membership:
    """Give the person the role in the study, with the next free pseudonym. Giving it twice changes nothing."""
    if institution is None and role in (Role.ANNOTATOR, Role.COORDINATOR):
        raise Refused(f"A {role.label.lower()} belongs to an institution: name hers.")
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    existing = Membership.objects.filter(study=study, user=user, role=role).first()
    if existing and existing.withdrawn_at:
        raise Refused(f"This person withdrew from {study.name} on {existing.withdrawn_at:%-d %B %Y}, and that stands.")
    if existing:
        return existing
    count = Membership.objects.filter(study=study, role=role).count()
    membership = Membership.objects.create(
        study=study,
        user=user,
        role=role,
        institution=institution,
        pseudonym=f"{PREFIX[role]}{count + 1:02d}",
        joined_at=now,
    )
    audit.record(AuditVerb.MEMBER_ADDED, membership, by=by, now=now, study=study, role=role, user=user.pk)
    return membership


@transaction.atomic
def invite(
    *, study: Study, email: str, name: str, role: Role, institution: Institution | None, by: User, now: datetime
) -> User:
    """Find or create the person by e-mail and make her a member. Raises Refused on an address that is none."""
    address = email.strip()
    if "@" not in address or not name.strip():
        raise Refused("Give the person's name and e-mail address, such as name@hospital.example.")
    user = User.objects.filter(email__iexact=address).first()
    if user is None:
        user = User.objects.create_user(address, name=name.strip())
    add_member(study=study, user=user, role=role, institution=institution, by=by, now=now)
    return user
