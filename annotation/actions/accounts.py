"""A person's own account: its password."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from annotation.actions import audit
from annotation.enums import AuditVerb
from annotation.models import User
from annotation.rules.refusal import Refused


@transaction.atomic
def choose_password(*, password: str, by: User, now: datetime) -> User:
    """Her own password from now on; whoever is signed in as her elsewhere is signed out.

    Raises Refused with Django's sentences if it is too short, too common or too much like her name.
    """
    try:
        validate_password(password, by)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error
    by.set_password(password)
    by.save(update_fields=["password"])
    audit.record(AuditVerb.PASSWORD_CHOSEN, by, by=by, now=now)
    return by
