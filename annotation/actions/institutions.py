"""Institutions that raters and coordinators belong to."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction

from annotation.actions import audit
from annotation.enums import AuditVerb
from annotation.models import Institution, User
from annotation.rules.refusal import Refused


@transaction.atomic
def add_institution(*, code: str, name: str, by: User | None, now: datetime) -> Institution:
    """The institution of this code; adding it twice changes nothing. Raises Refused if code or name cannot be."""
    existing = Institution.objects.filter(code=code).first()
    if existing:
        return existing
    try:
        validate_slug(code)
    except ValidationError as error:
        raise Refused(f"“{code}” cannot stand for an institution: use letters, digits and hyphens.") from error
    if len(code) > 20 or not name.strip() or len(name) > 120:
        raise Refused("An institution needs a code of at most 20 characters and a name of at most 120.")
    if Institution.objects.filter(name=name.strip()).exists():
        raise Refused(f"There is an institution “{name.strip()}” with another code.")
    institution = Institution.objects.create(code=code, name=name.strip())
    audit.record(AuditVerb.INSTITUTION_ADDED, institution, by=by, now=now, code=code)
    return institution
