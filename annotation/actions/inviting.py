"""Invites a person into a study and, where that is safe, makes the link by which she enters."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from annotation.actions.links import issue_link
from annotation.actions.people import invite
from annotation.enums import Role
from annotation.models import Institution, Membership, Study, User
from annotation.rules.inviting import check_invitation, may_hand_link
from annotation.rules.membership import check_role
from annotation.rules.refusal import NotYours, Refused


@dataclass(frozen=True, kw_only=True)
class Invitation:
    user: User
    token: str | None
    """Opens her account once; to be shown now or never. None if her account is not the inviter's to open."""


@transaction.atomic
def invite_person(
    *, study: Study, email: str, name: str, role: Role, institution: Institution | None, by: User, now: datetime
) -> Invitation:
    """Make the person a member. Raises Refused if the inviter may not, or the address is none."""
    check_invitation(by, study, role=role, institution=institution)
    try:
        validate_email(email.strip())
    except ValidationError:
        raise Refused(f"“{email}” is no e-mail address. It looks like name@hospital.example.") from None
    user = invite(study=study, email=email, name=name, role=role, institution=institution, by=by, now=now)
    if not may_hand_link(by, user, study):
        return Invitation(user=user, token=None)
    return Invitation(user=user, token=issue_link(user=user, by=by, now=now))


@transaction.atomic
def renew_link(*, study: Study, membership_id: int, by: User, now: datetime) -> Invitation:
    """Another link for a member who has none that works.

    Raises NotYours for people whom she does not look after, Refused for an account that is not hers to open.
    """
    own = check_role(by, study, Role.RESEARCHER, Role.COORDINATOR)
    members = Membership.objects.filter(study=study).select_related("user")
    if not Membership.objects.filter(study=study, user=by, role=Role.RESEARCHER).exists():
        members = members.filter(institution=own.institution, role=Role.ANNOTATOR)
    member = members.filter(pk=membership_id).first()
    if member is None:
        raise NotYours("There is no such person among yours.")
    if not may_hand_link(by, member.user, study):
        raise Refused(
            "This account also opens what is not yours to give, so that you cannot make a link for it. "
            "The person signs in by her password, or asks whoever runs this installation."
        )
    return Invitation(user=member.user, token=issue_link(user=member.user, by=by, now=now))
